"""Whether a change is approved: which approvals count for a plan now, which do not and why, who is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handrail.model import moment
from handrail.model.canonical import digest
from handrail.model.history import Rules, counted, history
from handrail.model.lifecycle import TRANSITIONS, State
from handrail.model.signed import Document, Kind
from handrail.model.tally import takes_back

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    """Give the newest statement of each checklist item that stands: by somebody of its role, not expired or revoked."""
    found: dict[str, Mapping[str, Any]] = {}
    standing = history(change, now, rules).standing
    for document in standing:
        if document.kind is Kind.STATEMENT and _stands(document, standing, now):
            signed = {"person": signer_of(document), "digest": digest(document.payload)}
            found[document["item"]] = {**document.payload, **signed}
    return found


def _stands(statement: Document, documents: Sequence[Document], now: datetime) -> bool:
    if statement.person is None or statement.key is None or statement["role"] not in statement.person.roles:
        return False
    # Whoever has a lost key can put any date on what they sign with it.
    if moment.read(statement["expires"]) <= now or (statement.key.ends is not None and statement.key.ends <= now):
        return False
    return not any(takes_back(each, statement) and each.at >= statement.at for each in documents)
