"""What is to be typed next for a change, by its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import HandrailError
from handrail.hosts.intent import intent_of
from handrail.model.approval import Approval, count, signer_of
from handrail.model.command_line import as_role, at, command_of, words_of
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
            return f'fab change.assess {change.id} --text "…"{at(here.inventory)}'
        case State.REQUESTED | State.ASSESSED | State.EXPIRED:
            role = next(iter(missing(here, change, now)), "ROLE")
            return f"fab change.approve {change.id} {as_role(role)}{at(here.inventory)}"
        case State.APPROVED | State.SCHEDULED | State.IMPLEMENTED:
            loud = change.type is Type.EMERGENCY
            return command_of(
                change.plan, change.id, emergency=loud, reason=change.request["reason"] if loud else "",
                with_digest=_untold(here, change), inventory=here.inventory,
            )  # fmt: skip
        case State.REJECTED:
            rejection = counted(here, change, now).rejections[0]
            words = f"fab change.revoke {change.id} {as_role(rejection['role'])}{at(here.inventory)}"
            return f"{words}  # by {signer_of(rejection)}"
    review = here.changes.emergency.review if here.changes else None
    if review is not None and review_due(change, now, review) is not None:
        return f'fab change.review {change.id} --text "…"{at(here.inventory)}'
    return f'fab change.close {change.id} --text "…"{at(here.inventory)}' if state is State.VERIFIED else ""


def _untold(here: Office, change: Change) -> bool:
    """Whether the digest of the release has to be typed: no file holds it, or one that has another."""
    if here.loaded is None or not change.plan["release"]["sha256"]:
        return False
    try:
        intent = intent_of(change.plan["verb"], words_of(change.plan), here.loaded)
    except HandrailError:
        return True
    return intent.release is not None and intent.release.digest != change.plan["release"]["sha256"]


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
