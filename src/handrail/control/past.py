"""What the journal tells of runs that are over, and when their changes were requested."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from handrail.journal.record import written
from handrail.journal.store import Store
from handrail.journal.tables import RECORDS
from handrail.model.past_run import instant, past_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement

    from handrail.model.metrics import Place
    from handrail.model.past_run import PastRun

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
STORE = "HANDRAIL_STORE"
# Bodies that are in memory at once, and changes that one question asks for.
BATCH = 200


@dataclass
class Past:
    """Runs, when changes were requested, since when a system is in the journal; how many records cannot be read."""

    runs: list[PastRun] = field(default_factory=list)
    requested: dict[str, datetime] = field(default_factory=dict)
    begins: dict[Place, datetime] = field(default_factory=dict)
    unreadable: int = 0


def past(since: datetime, *, place: Place | None, folder: Path | None = None) -> Past:
    """Read the runs since then from the journal in HANDRAIL_STORE, of one system in one environment or of all.

    When a change was requested is in the journal, or else in the folder where changes are filed, if there is one.
    """
    store = Store(os.environ.get(STORE, ""), writes=False)
    try:
        return store.reading(lambda connection: _read(connection, since, place, folder))
    finally:
        store.close()


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
    runs, unreadable = read_runs(_bodies(connection, since, place))
    changes = sorted({run.change for run in runs if run.change})
    requested = _filed(folder, changes) | _requested(connection, changes)
    return Past(runs, requested, _begins(connection, place), unreadable)


def _of(place: Place | None) -> list[ColumnElement[bool]]:
    runs = [RECORDS.c.kind == "run"]
    return runs if place is None else [*runs, RECORDS.c.system == place[0], RECORDS.c.environment == place[1]]


def _bodies(connection: Connection, since: datetime, place: Place | None) -> Iterator[Mapping[str, Any] | None]:
    # A run is recorded when it has ended, or later: when the record of a lost one is found.
    wanted = select(RECORDS.c.body).where(RECORDS.c.at >= written(since), *_of(place))
    for text in connection.execution_options(yield_per=BATCH).scalars(wanted):
        yield _values(text)


def _values(text: str | None) -> Mapping[str, Any] | None:
    try:
        read = json.loads(text or "")
    except (ValueError, RecursionError):  # a file of brackets is no request
        return None
    return read if isinstance(read, dict) else None


def _requested(connection: Connection, changes: list[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for first in range(0, len(changes), BATCH):
        some = changes[first : first + BATCH]
        asked = select(RECORDS.c.change, RECORDS.c.at, RECORDS.c.body).where(
            RECORDS.c.change.in_(some), RECORDS.c.kind == "request"
        )
        for change, at, body in connection.execute(asked):
            _earliest(found, change, (_values(body) or {}).get("at") or at)
    return found


def _filed(folder: Path | None, changes: list[str]) -> dict[str, datetime]:
    """Read when changes were requested. The gate has verified the requests of changes that were carried out."""
    found: dict[str, datetime] = {}
    if folder is None:
        return found
    # An id is a name: a record that says otherwise must not lead anywhere else.
    for change in filter(ID.fullmatch, changes):
        for file in folder.glob(f"{change}/request-*.signed"):
            with suppress(OSError, UnicodeDecodeError), file.open() as lines:
                _earliest(found, change, (_values(lines.readline(1_000_000)) or {}).get("at"))
    return found


def _earliest(found: dict[str, datetime], change: str, at: object) -> None:
    with suppress(TypeError, ValueError, OverflowError):
        when = instant(at)
        found[change] = min(when, found.get(change, when))


def _begins(connection: Connection, place: Place | None) -> dict[Place, datetime]:
    columns = (RECORDS.c.system, RECORDS.c.environment)
    # By number: the index has numbers, and the first record is the oldest one.
    firsts = connection.execute(select(*columns, func.min(RECORDS.c.seq)).where(*_of(place)).group_by(*columns)).all()
    found = {}
    for system, environment, seq in firsts:
        with suppress(TypeError, ValueError):
            found[system, environment] = instant(connection.scalar(select(RECORDS.c.at).where(RECORDS.c.seq == seq)))
    return found
