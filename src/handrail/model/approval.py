"""Whether a change is approved: which approvals count for a plan now, which do not and why, who is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handrail.model import moment
from handrail.model.canonical import digest
from handrail.model.history import Rules, counted, history
from handrail.model.lifecycle import TRANSITIONS, State
from handrail.model.signed import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from handrail.model.change import Change


@dataclass(frozen=True)
class Approval:
    """The result of a count."""

    enough: bool
    state: State
    counted: tuple[Document, ...]
    others: tuple[tuple[Document, str], ...]
    missing: Mapping[str, int] = field(default_factory=dict)
    rejections: tuple[Document, ...] = ()
    other_plan: bool = False

    @property
    def why(self) -> str:
        """Say in one line what is in the way; nothing when it is approved."""
        if self.enough:
            return ""
        if self.rejections:
            return "rejected by " + ", ".join(sorted({signer_of(each) for each in self.rejections}))
        if self.other_plan:
            return "it was requested for another plan"
        parts = [f"{count} x {role}" for role, count in self.missing.items()]
        lacking = f"missing: {', '.join(parts)}" if parts else f"the change is {self.state}"
        unfit = "; ".join(f"{signer_of(each)} as {each['role']}: {why}" for each, why in self.others if _approves(each))
        return f"{lacking} ({unfit})" if unfit else lacking

    def json(self) -> list[dict[str, Any]]:
        """Give the approvals that count, for the record of a run."""
        return [
            {"person": signer_of(each), "role": each["role"], "at": each["at"], "expires": each["expires"],
             "file": each.file, "key": each.key.public if each.key else ""}
            for each in self.counted
        ]  # fmt: skip


def signer_of(document: Document) -> str:
    """Name who signed a document."""
    return document.person.name if document.person else "nobody"


def _approves(document: Document) -> bool:
    return document.payload.get("kind") == Kind.APPROVE


def count(
    change: Change, needs: Mapping[str, int], plan: str, now: datetime, *, valid: timedelta | None = None
) -> Approval:
    """Count the approvals of a change for the plan with this digest, by role, each person once.

    `valid` is how long the environment takes an approval for good, whatever its signer wrote.
    """
    rules = Rules(needs, valid)
    past = history(change, now, rules)
    votes = counted(change, past.standing, change.runs, now, rules, plan=plan)
    return Approval(
        votes.enough and plan == change.plan_digest and past.state in TRANSITIONS[Kind.RUN],
        past.state,
        votes.counted,
        (*votes.others, *past.ignored),
        votes.missing,
        votes.rejections,
        plan != change.plan_digest,
    )


def statements(change: Change, now: datetime, rules: Rules) -> Mapping[str, Mapping[str, Any]]:
    """Give the newest statement of each checklist item that stands: signed by somebody of its role, not expired."""
    found: dict[str, Mapping[str, Any]] = {}
    for document in history(change, now, rules).standing:
        if document.kind is not Kind.STATEMENT or document.person is None:
            continue
        if document["role"] in document.person.roles and now < moment.read(document["expires"]):
            signed = {"person": document.person.name, "digest": digest(document.payload)}
            found[document["item"]] = {**document.payload, **signed}
    return found
