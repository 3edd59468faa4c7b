"""Emergencies that wait for their review: with a change or without one, ended or lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from handrail.journal.run_record import UNKNOWN, moment
from handrail.journal.tables import NUMBERED, RECORDS

if TYPE_CHECKING:
    from sqlalchemy.engine import Row

    from handrail.journal.store import Store

C = RECORDS.c
REVIEW = "review"
# A time that cannot be read makes a review overdue.
LONG_AGO = "1970-01-01T00:00:00+00:00"
# What a run has as long as nobody knows how it ended, and what every row of a list needs.
BEGUN = {"what": "", "who": "", "reason": "", "change": "", "outcome": "unknown", "exit_code": UNKNOWN}


def unreviewed(store: Store, *, system: str, environment: str, with_change: bool = False) -> list[dict[str, Any]]:
    """Give the bodies of emergencies that have no review yet, the oldest first; each has an `ended`.

    An emergency counts from its beginning: one whose end is not recorded waits for its review, too. Those of a change,
    which are left out unless asked for, are reviewed by a review of the change that comes later than they.
    """
    mine = [NUMBERED, C.system == system, C.environment == environment, *([] if with_change else [C.change == ""])]
    columns: list[Any] = [C.seq, C.kind, C.at, C.run, C.change, C.verb, C.body]
    wanted = select(*columns).where(C.kind.in_(["begun", "run"]), *mine, C.body.is_not(None)).order_by(C.seq)
    # Most runs are none; the text of the record tells without reading it.
    wanted = wanted.where(C.body.contains('"emergency":true'))
    reviews = select(C.seq, C.run, C.change).where(C.kind == REVIEW, *mine)
    # One that was refused while its beginning was being recorded has touched nothing.
    refused = select(C.run).where(C.kind == "refused", C.run != "", *mine)
    rows, reviewed, withdrawn = store.reading(
        lambda at: (list(at.execute(wanted)), list(at.execute(reviews)), set(at.scalars(refused)))
    )
    runs: dict[str, tuple[Row[Any], dict[str, Any]]] = {}
    for row in rows:
        body = _body(row)
        if body.get("emergency") is True:
            _, before = runs.get(row.run, (row, {}))
            runs[row.run] = row, {**before, **body}
    by_run = {each.run for each in reviewed if each.run}
    by_change = {each.change: each.seq for each in sorted(reviewed, key=lambda one: one.seq) if each.change}
    waiting = [
        (row, body) for row, body in runs.values()
        if row.run not in by_run and not (row.change and by_change.get(row.change, 0) > row.seq)
        and not (row.kind == "begun" and row.run in withdrawn)
    ]  # fmt: skip
    return [_whole(row, body) for row, body in waiting]


def _whole(row: Row[Any], body: dict[str, Any]) -> dict[str, Any]:
    """Add what a run lacks that was lost, or was recorded by an older handrail."""
    times = {name: next((text for text in (body.get(name), row.at) if moment(text)), LONG_AGO)
             for name in ("started", "ended")}  # fmt: skip
    return {**BEGUN, **body, "run": row.run, "verb": row.verb, **times}


def _body(row: Row[Any]) -> dict[str, Any]:
    try:
        read = json.loads(row.body)
    except (ValueError, RecursionError):  # verifying names it
        return {}
    return read if isinstance(read, dict) else {}
