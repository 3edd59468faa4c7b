"""The rules of change control: each looks at one case and says nothing, or no.

They are pure; `orchestration.gate` collects what they look at. A rule that is not in `RULES` holds nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handrail.model import moment
from handrail.model.case import Case
from handrail.model.changes import ANY_TIME
from handrail.model.clearance import Kind
from handrail.model.command_line import at
from handrail.model.following import could, following, said, why
from handrail.model.timing import Shut


@dataclass(frozen=True)
class No:
    """Why not, by which rule, and what to type next."""

    rule: str
    text: str
    next_step: str


def clock(case: Case) -> No | None:
    """A clock that was set back would open windows and revive approvals.

    What no window holds up passes, and so does an emergency: a machine whose clock was ahead once must not hold
    everybody up until that time has come.
    """
    free = case.kind is Kind.EMERGENCY or case.changes.standard.get(case.verb) == ANY_TIME
    if case.newest is None or case.now >= case.newest - moment.SKEW or free:
        return None
    here, there = (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (case.now, case.newest))
    text = f"this machine says {here}, but the journal has a record of {there}"
    return No("clock", text, f"timedatectl, here and where that record comes from: fab audit.show {case.newest_number}")


def emergency(case: Case) -> No | None:
    """There may be none here; and each has a reason."""
    if case.kind is not Kind.EMERGENCY:
        return None
    if not case.changes.emergency.allowed:
        return No("emergency", "this environment has no emergencies", case.command.replace(" --emergency", ""))
    if not case.request.reason:
        return No("emergency", "an emergency has a reason", f'{case.command} --reason "…"')
    return None


def window(case: Case) -> No | None:
    """In a window, outside freezes, and early enough to be done before it shuts."""
    if case.kind is Kind.EMERGENCY or not isinstance(case.window, Shut):
        return None
    if case.changes.standard.get(case.verb) == ANY_TIME:
        return None
    text = case.window.reason.removeprefix(f"{case.window.which}: ")
    way_round = f'; if it cannot wait: {case.command} --emergency --reason "…"'
    return No(
        case.window.which,
        text,
        f"fab windows{at(case.request.inventory)}{way_round if case.changes.emergency.allowed else ''}",
    )


def schedule(case: Case) -> No | None:
    """Not before the time that the change is scheduled for."""
    due = case.not_before
    if due is None or case.now >= due or case.change is None or case.kind is Kind.EMERGENCY:
        return None
    text = f"{case.change.id} is scheduled for {moment.written(due)}, not before"
    # The time of the request was approved with it: who wants an earlier one asks anew.
    fixed = case.change.request["not_before"] == moment.written(due)
    return No("schedule", text, case.request_command if fixed else said(case, "schedule", "--at TIME"))


def approvals(case: Case) -> No | None:
    """Enough people, of the right roles, for exactly this plan."""
    if case.approved or (not case.needs and case.change is None):
        return None
    wanted = ", ".join(f"{count} x {role}" for role, count in case.needs.items())
    if case.change is None or case.approval is None:
        return No(
            "approvals", f"no change that was filed has this plan; it needs {wanted}{could(case)}",
            case.request_command,
        )  # fmt: skip
    if case.change.type != case.kind.value:
        text = f"{case.change.id} is a change of the type {case.change.type}, and this is one of the type {case.kind}"
        return No("approvals", text, case.request_command)
    if case.differences:
        text = f"{case.change.id} is for another plan: {'; '.join(case.differences)}"
        return No("approvals", text, case.request_command)
    return No("approvals", f"{case.change.id}: {why(case, case.approval)}", following(case, case.change, case.approval))


Rule = Callable[[Case], No | None]
RULES: tuple[Rule, ...] = (clock, emergency, window, schedule, approvals)
