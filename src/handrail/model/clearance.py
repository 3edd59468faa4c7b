"""That a run may begin: by which kind of change, with whose approval, on what evidence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """The kind of a change, which decides what it needs."""

    FREE = "free"  # the environment has no rules
    STANDARD = "standard"
    NORMAL = "normal"
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class Clearance:
    """What the gate found; it goes into the record of the run.

    `rules` and `approvers` are the digests of what was asked, so that rules that were weakened for one run can be seen,
    and so can a role or a key that somebody was given for it.

    A run that restores service goes on where its record has to wait.
    """

    kind: Kind
    plan: Mapping[str, Any]
    plan_digest: str
    reason: str = ""
    change: str = ""
    rules: str = ""
    approvers: str = ""
    window: str = ""
    approvals: tuple[Mapping[str, Any], ...] = ()
    checklist: tuple[Mapping[str, Any], ...] = ()
    restores: bool = False

    @property
    def loud(self) -> str:
        """The kind as people read it in a list: an emergency is in capitals."""
        return self.kind.upper() if self.kind is Kind.EMERGENCY else self.kind.value

    def json(self) -> dict[str, Any]:
        """Give it for the record."""
        return {
            "type": self.loud,
            "emergency": self.kind is Kind.EMERGENCY,
            "reason": self.reason,
            "change": self.change,
            "plan": dict(self.plan),
            "plan_digest": self.plan_digest,
            "rules": self.rules,
            "approvers": self.approvers,
            "window": self.window,
            "approvals": [dict(each) for each in self.approvals],
            "checklist": [dict(each) for each in self.checklist],
        }
