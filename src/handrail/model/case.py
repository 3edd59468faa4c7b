"""One change at the gate, and all that the rules look at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from handrail.model.clearance import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from handrail.model.approval import Approval
    from handrail.model.change import Change
    from handrail.model.changes import Changes
    from handrail.model.intent import Verb
    from handrail.model.request import Request
    from handrail.model.timing import Open, Shut


@dataclass(frozen=True)
class Case:
    """One change at the gate: what is wanted, what the environment demands, what is known.

    `newest` is the greatest time that a record of the journal has, `newest_number` that record's. `command` is what was
    asked for, as it would be typed, `request_command` what asks for a change that allows it.
    """

    changes: Changes
    verb: Verb
    request: Request
    now: datetime
    newest: datetime | None
    window: Open | Shut | None
    command: str
    newest_number: int = 0
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
