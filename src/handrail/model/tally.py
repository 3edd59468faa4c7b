"""Count approvals: so many people of each role, each of them once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.model import moment
from handrail.model.signed import Document, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from handrail.model.person import Person

# Clocks that are set by NTP differ by less; a document that is further ahead was not signed when it says.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class Tally:
    """Which approvals count, which do not and why, and what is missing."""

    counted: tuple[Document, ...] = ()
    others: tuple[tuple[Document, str], ...] = ()
    missing: Mapping[str, int] = field(default_factory=dict)
    rejections: tuple[Document, ...] = ()
    needed: bool = True

    @property
    def enough(self) -> bool:
        """Whether a run may rely on them."""
        return not self.missing and not self.rejections and (bool(self.counted) or not self.needed)


@dataclass(frozen=True)
class Question:
    """What approvals are counted for. `needs` is None where the rules are not known: then any approval will do."""

    plan: str
    requester: Person
    needs: Mapping[str, int] | None
    at: datetime
    valid: timedelta | None = None
    used_up: bool = False
    expired_too: bool = False


def tally(documents: Sequence[Document], question: Question) -> Tally:
    """Count; `documents` are in the order of their times, and all of them are signed by people who may sign."""
    needs = question.needs if question.needs is not None else {}
    given = [document for document in documents if document.kind is Kind.APPROVE]
    reasons = {document: _why_not(document, documents, question) for document in given}
    fit = [document for document in given if not reasons[document]]
    # Where the rules are not known, each person counts, as what they said last.
    anybody = {"": list({each.person: each for each in fit}.values())}
    chosen = anybody if question.needs is None else _matched(fit, needs)
    counted = tuple(document for each in chosen.values() for document in each)
    people = {document.person: document["role"] for document in counted}
    for document in fit:
        if document not in counted and document.person in people:
            reasons[document] = f"{_name(document)} counts once, as {people[document.person]}"
        elif document not in counted:
            reasons[document] = f"not needed: nobody else has to approve as {document['role']}"
    return Tally(
        counted,
        tuple((document, reasons[document]) for document in given if reasons[document]),
        {role: count - len(chosen.get(role, ())) for role, count in needs.items() if count > len(chosen.get(role, ()))},
        tuple(each for each in documents if each.kind is Kind.REJECT and _stands(each, documents, question.at)),
        needed=question.needs is None,
    )


def _name(document: Document) -> str:
    return document.person.name if document.person else "nobody"


def _why_not(document: Document, documents: Sequence[Document], question: Question) -> str:
    person, at = document.person, question.at
    if person is None or document["role"] not in person.roles:
        return f"{_name(document)} is not {document['role']}"
    if document["plan"] != question.plan:
        return "it approves another plan"
    if person == question.requester:
        return f"{person.name} requested the change"
    if question.used_up:
        return "it is used up: the change was run already"
    later = [each for each in documents if takes_back(each, document) and each.at >= document.at]
    if later:
        return f"revoked at {later[-1]['at']}"
    if question.expired_too:
        return ""
    ends = moment.read(document["expires"])
    if question.valid is not None:
        ends = min(ends, document.at + question.valid)
    if ends <= at:
        return f"expired {moment.span(at - ends)} ago, at {moment.written(ends)}"
    if document.key is not None and document.key.ends is not None and document.key.ends <= at:
        return f"its key ended at {moment.written(document.key.ends)}: nobody can tell when it was signed"
    return ""


def takes_back(revoke: Document, earlier: Document) -> bool:
    """Whether it takes back what the same person said in the same role."""
    same = (
        revoke.person == earlier.person and revoke["role"] == earlier["role"] if revoke.kind is Kind.REVOKE else False
    )
    return same and revoke is not earlier


def _stands(rejection: Document, documents: Sequence[Document], at: datetime) -> bool:
    """Whether a rejection still blocks: until the same person takes it back later; one of a time to come blocks too."""
    if rejection.person is None or rejection["role"] not in rejection.person.roles:
        return False
    return not any(takes_back(each, rejection) and rejection.at < each.at <= at + AHEAD for each in documents)


def _matched(fit: Sequence[Document], needs: Mapping[str, int]) -> dict[str, list[Document]]:
    """Give each person one role so that as many places as possible are filled (Kuhn's algorithm).

    Greedy would waste somebody with two roles on the one that another could have filled.
    """
    places = [(role, number) for role, count in needs.items() for number in range(count)]
    latest = {(document.person, document["role"]): document for document in fit}
    people = list(dict.fromkeys(person for person, _ in latest))
    holds: dict[tuple[str, int], Person | None] = {}

    def placed(person: Person | None, tried: set[tuple[str, int]]) -> bool:
        for place in places:
            if place in tried or (person, place[0]) not in latest:
                continue
            tried.add(place)
            if place not in holds or placed(holds[place], tried):
                holds[place] = person
                return True
        return False

    for person in people:
        placed(person, set())
    chosen: dict[str, list[Document]] = {}
    for place in places:
        if place in holds:
            chosen.setdefault(place[0], []).append(latest[holds[place], place[0]])
    return chosen
