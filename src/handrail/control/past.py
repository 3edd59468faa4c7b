"""What the journal tells of runs that are over, and when their changes were requested."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

from handrail.filing.papers import is_folder, unread
from handrail.journal.open import reader
from handrail.journal.runs import begins, bodies_since, requested
from handrail.model.past_run import instant, past_run
from handrail.model.signed import ID, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from handrail.model.metrics import Place
    from handrail.model.past_run import PastRun


@dataclass
class Past:
    """Runs, when changes were requested, since when a system is in the journal; how many records cannot be read."""

    runs: list[PastRun] = field(default_factory=list)
    requested: dict[str, datetime] = field(default_factory=dict)
    begins: dict[Place, datetime] = field(default_factory=dict)
    unreadable: int = 0


def past(since: datetime, *, place: Place | None, folder: Path | None = None) -> Past:
    """Read the runs since then from the journal in HANDRAIL_STORE, of one system in one environment or of all.

    When a change was requested is in the journal, or in the folder where changes are filed, if there is one: the
    earliest time counts.
    """
    with reader() as store:
        return store.reading(lambda connection: _read(connection, since, place, folder))


def read_runs(bodies: Iterable[Mapping[str, Any] | None]) -> tuple[list[PastRun], int]:
    """Read the bodies of run records, and count those that cannot be read: pruned ones, and ones of no run."""
    runs, unreadable = [], 0
    for body in bodies:
        try:
            runs.append(past_run(body if isinstance(body, Mapping) else {}))
        except ValueError:
            unreadable += 1
    return runs, unreadable


def _read(connection: Connection, since: datetime, place: Place | None, folder: Path | None) -> Past:
    runs, unreadable = read_runs(bodies_since(connection, since, place))
    changes = sorted({run.change for run in runs if run.change})
    told = chain(requested(connection, changes), _filed(folder, changes) if folder is not None else ())
    return Past(runs, _earliest(told), begins(connection, place), unreadable)


def _filed(folder: Path, changes: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Give the requests that are filed. The gate has verified those of changes that were carried out."""
    # An id is a name: a record that says otherwise must not lead anywhere else.
    for change in filter(ID.fullmatch, changes):
        if is_folder(folder / change):
            papers, _, _ = unread(folder / change)
            for paper in papers:
                if not paper.wrong and paper.payload["kind"] == Kind.REQUEST:
                    yield change, paper.payload["at"]


def _earliest(told: Iterable[tuple[str, object]]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for change, at in told:
        with suppress(TypeError, ValueError, OverflowError):
            when = instant(at)
            found[change] = min(when, found.get(change, when))
    return found
