"""Where a change stands, told from its documents and its runs alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model import moment
from handrail.model.change import Change, ChangeRun
from handrail.model.lifecycle import UNASSESSED, State, illegal
from handrail.model.signed import Document, Kind, Type
from handrail.model.tally import AHEAD, Question, Tally, tally

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rules:
    """What the environment's description asks for; without `needs` any approval makes a change approved."""

    needs: Mapping[str, int] | None = None
    valid: timedelta | None = None


@dataclass(frozen=True)
class History:
    """How a change came to its state: what counts, in the order of time, and what does not and why."""

    state: State
    standing: tuple[Document, ...]
    ignored: tuple[tuple[Document, str], ...]


ANY = Rules()
# What the requester says of a change without any role.
OWN = frozenset({Kind.SCHEDULE, Kind.CLOSE})


def state(change: Change, now: datetime, rules: Rules = ANY) -> State:
    """Tell where a change stands."""
    return history(change, now, rules).state


def may(change: Change, kind: Kind, now: datetime, rules: Rules = ANY) -> str:
    """Say why a document of this kind, or a run, may not follow now; nothing when it may."""
    return illegal(kind, state(change, now, rules), change.type, ran=any(run.touched for run in change.runs))


def history(change: Change, now: datetime, rules: Rules = ANY) -> History:
    """Play the documents and runs in the order of their times; what is not legal at its time does not count."""
    standing: list[Document] = []
    ignored: list[tuple[Document, str]] = []
    runs: list[ChangeRun] = []
    for event in _in_order(change):
        if isinstance(event, ChangeRun):
            runs.append(event)
            continue
        why = event.wrong or _why_not(change, event, now)
        if not why:
            so_far = _state(change, standing, runs, event.at, rules)
            why = illegal(event.kind, so_far, change.type, ran=bool(runs))
        if why:
            ignored.append((event, why))
        else:
            standing.append(event)
    return History(_state(change, standing, runs, now, rules), tuple(standing), tuple(ignored))


def review_due(change: Change, now: datetime, within: timedelta) -> datetime | None:
    """Say when the review of an emergency that ran is due; nothing when there is none, or it is done.

    A review is of the runs before it: what ran later needs another one.
    """
    if change.type is not Type.EMERGENCY:
        return None
    reviews = [document.at for document in history(change, now).standing if document.kind is Kind.REVIEW]
    waiting = [run.at for run in change.runs if run.touched and not any(run.at < at for at in reviews)]
    return min(waiting) + within if waiting else None


def _in_order(change: Change) -> list[Document | ChangeRun]:
    broken: list[Document | ChangeRun] = [document for document in change.documents if document.wrong]
    rank = {kind: number for number, kind in enumerate(Kind)}
    events: list[tuple[datetime, int, str, Document | ChangeRun]] = [
        (document.at, rank[document.kind], document.file, document)
        for document in change.documents
        if not document.wrong and document.kind is not Kind.REQUEST
    ]
    events += [(run.at, rank[Kind.RUN], run.run, run) for run in change.runs if run.touched]
    return broken + [event for *_, event in sorted(events, key=lambda each: each[:3])]


def _why_not(change: Change, document: Document, now: datetime) -> str:
    person = document.person
    if person is None:
        return "nobody who may sign has signed it"
    if not person.roles and not (document.kind in OWN and person == change.requester):
        return f"{person.name} has no role: whoever has none may request, and schedule and close what they requested"
    # A clock that is set back must not make an objection go away.
    if document.at > now + AHEAD and document.kind not in {Kind.REJECT, Kind.REVOKE}:
        return f"it is dated {moment.span(document.at - now)} in the future"
    if document.at < change.request.at:
        return "it is older than the request"
    if "plan" in document.payload and document["plan"] != change.plan_digest and document.kind is not Kind.REJECT:
        return "it is for another plan"
    if "request" in document.payload and document["request"] != change.request_digest:
        return "it is for another request"
    if "requester" in document.payload and document["requester"] != change.requester.name:
        return f"it is for a request of {document['requester']}, and {change.requester.name} has signed this one"
    if document.kind is Kind.REVIEW and person == change.requester:
        return f"{person.name} requested the change: somebody else reviews it"
    return ""


def _state(
    change: Change, documents: Sequence[Document], runs: Sequence[ChangeRun], at: datetime, rules: Rules
) -> State:
    kinds = {document.kind for document in documents}
    if Kind.CLOSE in kinds:
        return State.CLOSED
    if any(run.good for run in runs):
        return State.VERIFIED
    votes = counted(change, documents, runs, at, rules)
    if votes.rejections:
        return State.REJECTED
    begun = Kind.ASSESS in kinds or change.type in UNASSESSED
    # Records of runs in the folder are not signed: none of them stands for an assessment.
    if runs and begun:
        return State.IMPLEMENTED
    if votes.enough and begun:
        return State.SCHEDULED if Kind.SCHEDULE in kinds else State.APPROVED
    if begun and counted(change, documents, runs, at, rules, expired_too=True).enough:
        return State.EXPIRED
    return State.ASSESSED if Kind.ASSESS in kinds else State.REQUESTED


def counted(  # noqa: PLR0913 - a question has so many parts
    change: Change, documents: Sequence[Document], runs: Sequence[ChangeRun], at: datetime, rules: Rules,
    *, plan: str = "", expired_too: bool = False,
) -> Tally:  # fmt: skip
    """Count the approvals of these documents at a moment."""
    needs = {} if rules.needs is None and change.type is Type.STANDARD else rules.needs
    question = Question(
        plan or change.plan_digest, change.requester, needs, at, rules.valid,
        used_up=any(run.good for run in runs), expired_too=expired_too,
    )  # fmt: skip
    return tally(documents, question)
