"""Clocks besides the one that this process is told: what is set ahead for it alone, or for its machine, is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

# proc_stat(5), proc_uptime(5): when it was started, and for how long it has run.
STAT, UPTIME = Path("/proc/stat"), Path("/proc/uptime")


def kernel() -> datetime | None:
    """Read the clock of this machine's kernel, past what a program may be told by its libraries."""
    try:
        words = [line.split() for line in STAT.read_text(encoding="ascii").splitlines()]
        started = next(float(word[1]) for word in words if word[0] == "btime")
        return datetime.fromtimestamp(started, UTC) + timedelta(seconds=float(UPTIME.read_text("ascii").split()[0]))
    except (OSError, ValueError, IndexError, StopIteration, OverflowError):
        return None


def database(connection: Connection) -> datetime | None:
    """Ask PostgreSQL, which runs on a machine of its own; SQLite knows nothing but this process."""
    if connection.dialect.name != "postgresql":
        return None
    at: datetime | None = connection.scalar(select(func.clock_timestamp()))
    return at
