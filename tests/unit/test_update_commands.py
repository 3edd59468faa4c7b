"""What the steps of an update ask of each host."""

from __future__ import annotations

import pytest

from handrail.model.fleet import Do, Outcome
from handrail.model.host_state import Gate, HostState
from handrail.model.intent import Intent, Verb
from handrail.orchestration.commands.updates import APT_SECONDS, UPGRADE_SECONDS
from tests.unit.test_commands import GATE, asked, run, states

OUT = Gate(confirmed=GATE.confirmed, record_token=3, out=("web1",))
HELD = Gate(confirmed=GATE.confirmed, record_token=3, out=("web1",), maintenance=True)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name in ("SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")


def seen(gate):
    return states() | {edge: HostState(gate=gate) for edge in ("edge1", "edge2")}


def names(sent):
    return [command.scripts[-1] for command in sent]


def test_all_instances_of_a_host_are_asked_and_have_time_to_recover_only_at_the_end():
    going = run(Intent(Verb.UPDATE), states())
    (before,), (after,) = asked(going, Do.STAND_IN, "web2"), asked(going, Do.ALL_WELL, "web2")
    assert [before.arguments[4::6], before.arguments[9::6]] == [("backend", "frontend"), ("3", "3")]
    assert after.arguments[9::6] == ("30", "30")
    assert after.seconds > 60


def test_who_gets_its_traffic_back_is_started_and_checked_also_while_traffic_is_held():
    for gate in (OUT, HELD):
        going = run(Intent(Verb.BACK, limit="web1"), seen(gate))
        assert names(asked(going, Do.CHECK, "web1")) == ["at_rest", "start", "start"]


def test_what_may_be_stopped_on_purpose_stays_so_on_a_host_that_is_not_out():
    going = run(Intent(Verb.UPDATE), seen(Gate(confirmed=GATE.confirmed, record_token=3, maintenance=True)))
    assert names(asked(going, Do.CHECK, "web2")) == ["at_rest"]


def test_apt_is_ended_before_the_script_that_says_how_it_went():
    going = run(Intent(Verb.UPDATE), states())
    going.updates["web1"] = ()
    going.fleet.record(Do.LOOK, "web1", Outcome.OK)
    (sent,) = asked(going, Do.UPGRADE, "web1")
    assert (sent.arguments[5], sent.seconds) == (str(APT_SECONDS), UPGRADE_SECONDS)
    assert APT_SECONDS < UPGRADE_SECONDS - 300
