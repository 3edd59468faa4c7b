"""The gate: what must be true before anything is touched. Every entry point passes through here.

Each rule of `model.rule` is asked; the checklist, which takes a while, comes when none of them says no.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from handrail.errors import Refused
from handrail.model.canonical import digest
from handrail.model.change_plan import change_plan
from handrail.model.changes import restores
from handrail.model.clearance import Clearance, Kind
from handrail.model.rule import RULES, No
from handrail.model.window import words
from handrail.orchestration.case import collect
from handrail.orchestration.checked import checked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.case import Case
    from handrail.model.changes import Changes
    from handrail.orchestration.attempt import Attempt


def check(attempt: Attempt) -> Clearance:
    """Let it pass, with what the record is to say of it, or raise Refused with every rule that says no."""
    environment = attempt.loaded.environment
    plan = change_plan(environment, attempt.intent)
    changes = environment.system.changes
    urgent = restores(changes, attempt.intent.verb, emergency=attempt.request.emergency)
    clearance = Clearance(Kind.FREE, plan, digest(plan), attempt.request.reason, restores=urgent)
    if changes is None:
        return clearance
    case = _passed(attempt, changes, plan)
    answers = checked(attempt, case)
    if answers:  # they may have taken minutes
        case = _passed(attempt, changes, plan)
    return replace(
        clearance,
        kind=case.kind,
        change=case.change.id if case.change else "",
        rules=digest(changes.model_dump(mode="json", by_alias=True)),
        approvers=case.approvers,
        window=words(changes.windows, ZoneInfo(changes.time_zone)),
        approvals=tuple(case.approval.json()) if case.approval else (),
        checklist=tuple(answer.json() for answer in answers),
    )


def _passed(attempt: Attempt, changes: Changes, plan: Mapping[str, Any]) -> Case:
    """Ask every rule; raise Refused with all that say no."""
    case = collect(attempt, changes, plan, datetime.now(UTC))
    said = [no for rule in RULES if (no := rule(case)) is not None]
    if said:
        raise refusal(said)
    return case


def refusal(said: Sequence[No]) -> Refused:
    """Say which rules said no, and the next command for each."""
    lines = [f"{no.rule}: {no.text}" for no in said]
    if len(lines) > 1:
        lines = [f"{len(lines)} rules say no", *(f"  {line}" for line in lines)]
    steps = dict.fromkeys(no.next_step for no in said)
    return Refused("\n".join(lines) + "; nothing was touched", next_step="\n        ".join(steps))
