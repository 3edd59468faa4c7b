"""The rules of change control: each looks at one case and says nothing, or no.

They are pure; `orchestration.gate` collects what they look at. A rule that is not in `RULES` holds nowhere.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from handrail.model import moment
from handrail.model.changes import ANY_TIME
from handrail.model.clearance import Kind
from handrail.model.timing import Shut

if TYPE_CHECKING:
    from handrail.model.approval import Approval
    from handrail.model.change import Change
    from handrail.model.changes import Changes
    from handrail.model.intent import Verb
    from handrail.model.request import Request
    from handrail.model.timing import Open

# Machines that share a journal agree on the time to within this.
SKEW = timedelta(minutes=5)


@dataclass(frozen=True)
class No:
    """Why not, by which rule, and what to type next."""

    rule: str
    text: str
    next_step: str


@dataclass(frozen=True)
class Case:
    """One change at the gate: what is wanted, what the environment demands, what is known.

    `newest` is the time of the journal's newest record. `command` is what was asked for, as it would be typed,
    `request_command` what asks for a change that allows it.
    """

    changes: Changes
    verb: Verb
    request: Request
    now: datetime
    newest: datetime | None
    window: Open | Shut
    command: str
    rehearsals: Sequence[Mapping[str, Any]] = ()
    request_command: str = ""
    approvers: str = ""
    could_approve: Mapping[str, Sequence[str]] = field(default_factory=dict)
    change: Change | None = None
    approval: Approval | None = None
    differences: Sequence[str] = ()
    not_before: datetime | None = None

    def requested_by(self, command: str) -> Case:
        """Say what asks for a change that allows it."""
        return replace(self, request_command=command)

    def could(self, people: Mapping[str, Sequence[str]], *, approvers: str) -> Case:
        """Say who could approve it, by role, and the digest of the file that says so."""
        return replace(self, could_approve=people, approvers=approvers)

    def of(
        self, change: Change, approval: Approval, *, differences: Sequence[str], not_before: datetime | None
    ) -> Case:
        """Judge it by a change that was named or found, with the count of its approvals."""
        return replace(self, change=change, approval=approval, differences=differences, not_before=not_before)

    @property
    def kind(self) -> Kind:
        """Which kind of change it is."""
        if self.request.emergency:
            return Kind.EMERGENCY
        return Kind.STANDARD if self.verb in self.changes.standard else Kind.NORMAL

    @property
    def approved(self) -> bool:
        """Whether a change of this kind, for this plan, has the approvals."""
        fits = self.change is not None and self.change.type == self.kind.value and not self.differences
        return fits and self.approval is not None and self.approval.enough

    @property
    def needs(self) -> Mapping[str, int]:
        """How many approvals of which role it needs."""
        match self.kind:
            case Kind.EMERGENCY:
                return self.changes.emergency.approvals
            case Kind.NORMAL:
                return self.changes.normal.approvals
            case _:
                return {}


def clock(case: Case) -> No | None:
    """A clock that was set back would open windows and revive approvals.

    What no window holds up passes, and so does an emergency: a machine whose clock was ahead once must not hold
    everybody up until that time has come.
    """
    free = case.kind is Kind.EMERGENCY or case.changes.standard.get(case.verb) == ANY_TIME
    if case.newest is None or case.now >= case.newest - SKEW or free:
        return None
    here, there = (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (case.now, case.newest))
    text = f"this machine says {here}, but the journal has a record of {there}"
    return No("clock", text, "timedatectl, here and where that record comes from: fab audit.show newest")


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
    return No(case.window.which, text, f"fab windows{way_round if case.changes.emergency.allowed else ''}")


def schedule(case: Case) -> No | None:
    """Not before the time that the change is scheduled for."""
    due = case.not_before
    if due is None or case.now >= due or case.change is None or case.kind is Kind.EMERGENCY:
        return None
    text = f"{case.change.id} is scheduled for {moment.written(due)}, not before"
    # The time of the request was approved with it: who wants an earlier one asks anew.
    fixed = case.change.request["not_before"] == moment.written(due)
    return No("schedule", text, case.request_command if fixed else f"fab change.schedule {case.change.id} --at TIME")


def approvals(case: Case) -> No | None:
    """Enough people, of the right roles, for exactly this plan."""
    if case.approved or (not case.needs and case.change is None):
        return None
    could = "; ".join(f"{role}: {', '.join(people) or 'nobody'}" for role, people in case.could_approve.items())
    wanted = ", ".join(f"{count} x {role}" for role, count in case.needs.items())
    if case.change is None or case.approval is None:
        return No(
            "approvals", f"no change that was filed has this plan; it needs {wanted} (could approve: {could})",
            case.request_command,
        )  # fmt: skip
    if case.change.type != case.kind.value:
        text = f"{case.change.id} is a change of the type {case.change.type}, and this is one of the type {case.kind}"
        return No("approvals", text, case.request_command)
    if case.differences:
        text = f"{case.change.id} is for another plan: {'; '.join(case.differences)}"
        return No("approvals", text, case.request_command)
    missing = next(iter(case.approval.missing), "")
    following = f"approve {case.change.id} --role {shlex.quote(missing)}" if missing else f"show {case.change.id}"
    text = f"{case.change.id}: {case.approval.why} (could approve: {could or 'nobody need'})"
    return No("approvals", text, f"fab change.{following}")


Rule = Callable[[Case], No | None]
RULES: tuple[Rule, ...] = (clock, emergency, window, schedule, approvals)
