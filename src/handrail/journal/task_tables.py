"""The tables of scheduled tasks. They stand beside the journal and are made when they are first needed.

They are no part of its chain and of its version: a run is claimed in its row before it begins, and rows change. What
came of a run is in the journal as well, as a record.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table, Text

from handrail.journal.record import written
from handrail.model.level import Level
from handrail.model.occasion import Past

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

METADATA = sa.MetaData()
KEY = ("system", "environment", "task")
# When a task was first seen, with the words that say when it is due: other words are another task.
TASKS = Table(
    "schedule_tasks",
    METADATA,
    *(Column(name, Text, primary_key=True) for name in KEY),
    *(Column(name, Text, nullable=False) for name in ("words", "since")),
)
# One row for each occasion that was run, is run, or was missed; `ended` is empty while it runs.
RUNS = Table(
    "schedule_runs",
    METADATA,
    *(Column(name, Text, primary_key=True) for name in (*KEY, "occasion")),
    *(Column(name, Text, nullable=False) for name in ("run", "started", "until", "ended", "level", "text", "who")),
    Column("missed", sa.Integer, nullable=False),
    Column("open", sa.Boolean, nullable=False),
    Index("schedule_runs_started", "system", "environment", "started"),
)


def are_there(connection: Connection) -> bool:
    """Whether the tables are there; an older store, and one without a schedule, has none."""
    there = sa.inspect(connection)
    return all(there.has_table(table.name) for table in (TASKS, RUNS))


def make(connection: Connection) -> None:
    """Make the tables, unless they are there."""
    METADATA.create_all(connection)


def read(row: Any) -> Past:
    """Read a row of runs."""
    return Past(
        task=row.task, occasion=moment(row.occasion), started=moment(row.started), until=moment(row.until),
        who=row.who, run=row.run, ended=moment(row.ended) if row.ended else None,
        level=Level(row.level) if row.level else None, text=row.text, missed=row.missed, open=row.open,
    )  # fmt: skip


def row(past: Past) -> dict[str, Any]:
    """Write a run as a row, less whose it is."""
    return {
        "task": past.task, "occasion": written(past.occasion), "run": past.run, "started": written(past.started),
        "until": written(past.until), "ended": written(past.ended) if past.ended else "", "level": past.level or "",
        "text": past.text, "who": past.who, "missed": past.missed, "open": past.open,
    }  # fmt: skip


def moment(text: str) -> datetime:
    """Read a time as the journal writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)
