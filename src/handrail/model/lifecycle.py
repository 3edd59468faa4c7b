"""The states of a change, and what may follow in which of them, as a table."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from handrail.model.signed import Kind, Type

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """The seven steps of a change, and the two ways in which it can end before them."""

    REQUESTED = "requested"
    ASSESSED = "assessed"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    IMPLEMENTED = "implemented"  # run, but not to the end that was wanted
    VERIFIED = "verified"  # run, and what the run verified was as it should be
    CLOSED = "closed"
    REJECTED = "rejected"
    EXPIRED = "expired"  # approved once, and not any more


_OPEN = frozenset({State.ASSESSED, State.APPROVED, State.SCHEDULED, State.EXPIRED, State.IMPLEMENTED})

# From which states each document, and a run, may follow.
TRANSITIONS: Mapping[Kind, frozenset[State]] = {
    Kind.REQUEST: frozenset(),
    Kind.ASSESS: frozenset({State.REQUESTED, State.ASSESSED, State.EXPIRED}),
    Kind.STATEMENT: _OPEN | {State.REQUESTED},
    Kind.APPROVE: _OPEN,
    Kind.REJECT: _OPEN | {State.REQUESTED, State.REJECTED},
    Kind.REVOKE: _OPEN | {State.REQUESTED, State.REJECTED},
    Kind.SCHEDULE: frozenset({State.APPROVED, State.SCHEDULED, State.IMPLEMENTED}),
    Kind.RUN: frozenset({State.APPROVED, State.SCHEDULED, State.IMPLEMENTED}),
    Kind.CLOSE: frozenset({State.VERIFIED}),
    Kind.REVIEW: frozenset({State.IMPLEMENTED, State.VERIFIED, State.CLOSED}),
}
# What is urgent need not be assessed first, and what is standard was assessed when it was made standard.
UNASSESSED = frozenset({Type.EMERGENCY, Type.STANDARD})


def illegal(kind: Kind, now: State, of: Type, *, ran: bool) -> str:
    """Say why a document of this kind, or a run, may not follow; nothing when it may."""
    allowed = TRANSITIONS[kind]
    if kind is Kind.APPROVE and of in UNASSESSED:
        allowed |= {State.REQUESTED}
    if kind is Kind.REVIEW and not (of is Type.EMERGENCY and ran):
        return "a review is for an emergency that was run"
    if now in allowed:
        return ""
    wanted = ", ".join(each for each in State if each in allowed) or "not there yet"
    return f"the change is {now}; {kind} is for one that is {wanted}"
