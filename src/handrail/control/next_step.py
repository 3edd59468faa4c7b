"""What is to be typed next for a change, by its state."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from handrail.model.approval import Approval, count, signer_of
from handrail.model.command_line import command_of
from handrail.model.history import review_due
from handrail.model.lifecycle import UNASSESSED, State
from handrail.model.signed import Type

if TYPE_CHECKING:
    from datetime import datetime

    from handrail.control.office import Office
    from handrail.model.change import Change


def next_step(here: Office, change: Change, state: State, now: datetime) -> str:
    """Give the exact command."""
    match state:
        case State.REQUESTED if change.type not in UNASSESSED:
            return f'fab change.assess {change.id} --text "…"'
        case State.REQUESTED | State.ASSESSED | State.EXPIRED:
            role = next(iter(missing(here, change, now)), "ROLE")
            return f"fab change.approve {change.id} --role {shlex.quote(role)}"
        case State.APPROVED | State.SCHEDULED | State.IMPLEMENTED:
            loud = change.type is Type.EMERGENCY
            return command_of(change.plan, change.id, emergency=loud, reason=change.request["reason"] if loud else "")
        case State.REJECTED:
            rejection = counted(here, change, now).rejections[0]
            role = shlex.quote(rejection["role"])
            return f"fab change.revoke {change.id} --role {role}  # by {signer_of(rejection)}"
    review = here.changes.emergency.review if here.changes else None
    if review is not None and review_due(change, now, review) is not None:
        return f'fab change.review {change.id} --text "…"'
    return f'fab change.close {change.id} --text "…"' if state is State.VERIFIED else ""


def counted(here: Office, change: Change, now: datetime) -> Approval:
    """Count the approvals by the rules of the environment."""
    rules = here.rules(change.type)
    return count(change, rules.needs or {}, change.plan_digest, now, valid=rules.valid)


def missing(here: Office, change: Change, now: datetime) -> dict[str, int]:
    """Count who is still to approve, by role."""
    return dict(counted(here, change, now).missing)


def could_approve(here: Office, change: Change, roles: list[str]) -> dict[str, list[str]]:
    """Name who could approve as what: who holds the role, and is not the requester."""
    return {
        role: [person.name for person in here.approvers.with_role(role) if person != change.requester] for role in roles
    }
