"""Where a run begins: the gate's word must be fresh, and the approvals must not be used up by now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.control.inventory import read
from handrail.errors import Refused
from handrail.journal import recorder
from handrail.model.clearance import Kind
from handrail.model.intent import Intent, Verb
from handrail.orchestration import gate
from handrail.orchestration.evidence import Evidence
from handrail.orchestration.notices import Notices
from handrail.orchestration.run import Run
from tests.lab.inventory import inventory
from tests.office import DEPLOY

THOUGHT = timedelta(seconds=61)
LOUD = {"emergency": True, "reason": "orders are lost"}


def evidence(here, intent=DEPLOY, *, thought=THOUGHT, **said):
    """Pass the gate, think for a while at pyinfra's question, and come to where the run begins."""
    attempt = here.attempt(intent, **said)
    run = Run(here.loaded.environment, intent, base=here.loaded.base, cache=Path(), clearance=gate.check(attempt))
    run.secrets = {}
    run.started = datetime.now(UTC) - thought
    made = Evidence(run, recorder.start(), Notices(run), ask=lambda: asked.append(1) or gate.check(attempt))
    asked = made.asked = []
    return made


def test_the_gate_is_asked_again_after_a_minute_of_thought_and_the_run_begins(office):
    here = office()
    change = here.approved()
    begun = evidence(here)
    old = begun.run.clearance
    begun.begin()
    begun.begin()
    assert begun.asked == [1]
    assert begun.run.clearance is not old
    assert begun.run.clearance.change == change
    assert datetime.now(UTC) - begun.run.started < THOUGHT, "nobody's thought is a part of the run's length"


def test_what_was_taken_back_in_that_time_does_not_begin(office):
    here = office()
    change = here.approved()
    begun = evidence(here)
    for path in (here.folder / change).glob("approve-*"):
        path.unlink()
    with pytest.raises(Refused, match="missing: 1 x Product Owner, 1 x CTO"):
        begun.begin()


def test_within_a_minute_the_word_of_the_gate_is_good(office):
    here = office()
    here.approved()
    begun = evidence(here, thought=timedelta(seconds=30))
    begun.begin()
    assert begun.asked == []


@pytest.mark.parametrize(
    ("intent", "said", "kind"),
    [(Intent(Verb.ROLLBACK), {}, Kind.STANDARD), (DEPLOY, LOUD, Kind.EMERGENCY)],
    ids=["rollback", "emergency"],
)
def test_what_restores_service_is_not_held_up_by_thought(office, intent, said, kind):
    here = office(emergency={"approvals": {"CTO": None}})
    begun = evidence(here, intent, **said)
    begun.begin()
    assert (begun.run.clearance.kind, begun.asked) == (kind, [])
    assert datetime.now(UTC) - begun.run.started < THOUGHT


def test_where_there_are_no_rules_there_is_nothing_to_ask_again(office):
    here = office()
    here.loaded = read(inventory(here.inventory.parent.parent / "free", {})).load()
    begun = evidence(here)
    begun.begin()
    assert (begun.run.clearance.kind, begun.asked) == (Kind.FREE, [])


def test_approvals_that_another_run_has_used_up_by_now_do_not_count(office):
    here = office()
    change = here.approved()
    begun = evidence(here, thought=timedelta())
    other = {"system": "sanvi", "environment": "lab", "verb": "deploy", "run": "other", "change": change}
    recorder.start().begin(other)
    recorder.start().end({**other, "outcome": "done", "seconds": 1.0})
    with pytest.raises(Refused, match=f"the approvals of {change} were used up by the run other"):
        begun.begin()
