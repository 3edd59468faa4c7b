"""Runs that are over, as metrics ask for them: their bodies, the requests of their changes, their first records."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select

from handrail.journal.record import written
from handrail.journal.tables import NUMBERED, RECORDS
from handrail.model.past_run import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import ColumnElement

    from handrail.model.metrics import Place

# Bodies that are in memory at once, and changes that one question asks for.
BATCH = 200
C = RECORDS.c


def bodies_since(connection: Connection, since: datetime, place: Place | None) -> Iterator[Mapping[str, Any] | None]:
    """Give the bodies of runs, of one system in one environment or of all; None for one that cannot be read."""
    # A run is recorded when it has ended, or later: when the record of a lost one is found. One that was taken for lost
    # and ended after all has two records, and counts by the last.
    later = RECORDS.alias()
    again = exists().where(later.c.run == C.run, later.c.kind == "run", later.c.seq > C.seq)
    wanted = select(C.body).where(C.at >= written(since), *_of(place), or_(C.run == "", ~again))
    for text in connection.execution_options(yield_per=BATCH).scalars(wanted):
        yield _values(text)


def requested(connection: Connection, changes: Sequence[str]) -> Iterator[tuple[str, object]]:
    """Give each request of these changes with the time that it says, or else with the time when it was recorded."""
    for first in range(0, len(changes), BATCH):
        some = changes[first : first + BATCH]
        asked = select(C.change, C.at, C.body).where(NUMBERED, C.change.in_(some), C.kind == "request")
        for change, at, body in connection.execute(asked):
            yield change, (_values(body) or {}).get("at") or at


def begins(connection: Connection, place: Place | None) -> dict[Place, datetime]:
    """Tell since when each system in each environment has runs in the journal."""
    columns = (C.system, C.environment)
    # By number: the index has numbers, and the first record is the oldest one.
    firsts = connection.execute(select(*columns, func.min(C.seq)).where(*_of(place)).group_by(*columns)).all()
    found = {}
    for system, environment, seq in firsts:
        with suppress(TypeError, ValueError):
            found[system, environment] = instant(connection.scalar(select(C.at).where(C.seq == seq)))
    return found


def _of(place: Place | None) -> list[ColumnElement[bool]]:
    runs = [NUMBERED, C.kind == "run"]
    return runs if place is None else [*runs, C.system == place[0], C.environment == place[1]]


def _values(text: str | None) -> Mapping[str, Any] | None:
    try:
        read = json.loads(text or "")
    except (ValueError, RecursionError):  # nested too deeply for the parser
        return None
    return read if isinstance(read, dict) else None
