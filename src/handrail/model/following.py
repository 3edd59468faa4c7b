"""Why a change is not approved, and the command that brings it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.approval import signer_of
from handrail.model.command_line import as_role, at
from handrail.model.lifecycle import UNASSESSED, State

if TYPE_CHECKING:
    from handrail.model.approval import Approval
    from handrail.model.case import Case
    from handrail.model.change import Change


def could(case: Case) -> str:
    """Name who could approve; nobody approves their own change."""
    own = case.change.requester.name if case.change else ""
    people = {role: [name for name in names if name != own] for role, names in case.could_approve.items()}
    told = "; ".join(f"{role}: {', '.join(names) or 'nobody'}" for role, names in people.items())
    return f" (could approve: {told or 'nobody need'})"


def why(case: Case, approval: Approval) -> str:
    """Say what is in the way."""
    match approval.state:
        case State.VERIFIED | State.CLOSED:
            return f"its approvals are used up: the change is {approval.state}"
        case State.REJECTED:
            return approval.why
        case State.REQUESTED if case.kind.value not in UNASSESSED:
            return f"it is not assessed yet; {approval.why}{could(case)}"
    return f"{approval.why}{could(case)}"


def following(case: Case, change: Change, approval: Approval) -> str:
    """Give the command that brings it on."""
    match approval.state:
        case State.VERIFIED | State.CLOSED:
            return case.request_command
        case State.REJECTED:
            (rejection, *_) = approval.rejections
            return f"{said(case, 'revoke', as_role(rejection['role']))}  # by {signer_of(rejection)}"
        case State.REQUESTED if change.type not in UNASSESSED:
            return said(case, "assess", '--text "…"')
    missing = next(iter(approval.missing), "")
    return said(case, "approve", as_role(missing)) if missing else said(case, "show")


def said(case: Case, task: str, *words: str) -> str:
    """Write a command about the change."""
    told = " ".join([f"fab change.{task}", case.change.id if case.change else "", *words])
    return told + at(case.request.inventory)
