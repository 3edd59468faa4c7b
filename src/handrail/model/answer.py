"""Answers to the items of a checklist: yes or no, with the evidence; and the judgement of what needs no looking."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from handrail.model import duration
from handrail.model.canonical import digest
from handrail.model.intent import SHOWS_A_ROLLBACK
from handrail.model.moment import SKEW

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.checklist import Item
    from handrail.model.vitals import Dump

# Evidence is one line that a person reads.
LETTERS = 200


@dataclass(frozen=True)
class Answer:
    """The answer to one item, as it goes into the record. `digest` is of all that was looked at."""

    item: str
    kind: str
    ok: bool
    evidence: str
    at: str
    seconds: float
    digest: str
    next_step: str = ""

    def json(self) -> dict[str, Any]:
        """Give it for machines and for the record."""
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """What was found out for an item; `digest` is that of the whole of it, of the evidence where there is no more."""

    ok: bool
    evidence: str
    digest: str = ""


@dataclass(frozen=True)
class Statement:
    """Somebody signed that an item is true; the signature was verified by whoever made this."""

    person: str
    role: str
    at: datetime
    text: str = ""
    expires: datetime | None = None
    digest: str = ""


def stated(item: Item, statement: Statement | None, now: datetime) -> Found:
    """Judge a statement by its role and its age."""
    if statement is None:
        return Found(ok=False, evidence=f"no statement of a {item.statement}")
    said = f"{statement.person} ({statement.role}), {_when(statement.at)}: {statement.text}".rstrip(": ")
    if statement.role != item.statement:
        return Found(ok=False, evidence=f"said by {said}; wanted: a {item.statement}", digest=statement.digest)
    if statement.expires is not None and now >= statement.expires:
        return Found(ok=False, evidence=f"expired at {_when(statement.expires)}: {said}", digest=statement.digest)
    late = _late(now - statement.at, item.younger)
    return Found(ok=not late, evidence=f"{late}{said}", digest=statement.digest)


def rehearsed(item: Item, runs: Sequence[Mapping[str, Any]], now: datetime) -> Found:
    """Judge the newest run in that environment that showed a rollback; `runs` are those that the journal calls done."""
    mine = [run for run in runs if run["environment"] == item.rehearsal and run["verb"] in SHOWS_A_ROLLBACK]
    if not mine:
        return Found(ok=False, evidence=f"no rehearsal in {item.rehearsal}, and no rollback")
    newest = max(mine, key=lambda run: (_moment(run["at"]), run["seq"]))
    release = newest["release"] or "a release"
    what = f"{newest['verb']} of {release} in {newest['environment']}, {newest['seconds']:.1f} s"
    said = f"{what}, {_when(_moment(newest['at']))}, record {newest['seq']}"
    late = _late(now - _moment(newest["at"]), item.younger)
    return Found(ok=not late, evidence=f"{late}{said}", digest=digest(dict(newest)))


def dumped(item: Item, dumps: Mapping[str, Dump], reasons: Sequence[str]) -> Found:
    """Judge the newest dump by the clock of its host; `reasons` say why other hosts have none."""
    if not dumps:
        return Found(ok=False, evidence="; ".join(reasons) or "no host has a dump")
    host, newest = min(dumps.items(), key=lambda each: each[1].age)
    said = f"{host}: {newest.path}, {newest.size_bytes} bytes, {old(newest.age)} old"
    if not newest.size_bytes:
        return Found(ok=False, evidence=f"it is empty: {said}")
    late = _late(newest.age, item.younger)
    return Found(ok=not late, evidence=f"{late}{said}")


def aged(item: Item, age: timedelta) -> str:
    """Say what is wrong with an age, if anything."""
    return _late(age, item.younger)


def old(age: timedelta) -> str:
    """Write an age for people."""
    return duration.text(max(timedelta(), timedelta(minutes=age // timedelta(minutes=1))))


def _late(age: timedelta, younger: timedelta | None) -> str:
    if age < -SKEW:
        return "from the future, one of the clocks is wrong: "
    if younger is not None and age > younger:
        return f"older than {duration.text(younger)}: "
    return ""


def _moment(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
