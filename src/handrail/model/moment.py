"""Moments as signed documents write them: UTC to the second."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_WRITTEN = re.compile("([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z")
# Machines agree on the time to within this; what comes from further in the future was made by a clock that is wrong.
SKEW = timedelta(minutes=5)
ALLOWED = "a moment in UTC such as 2026-11-24T16:30:00Z"


def read(text: object) -> datetime:
    """Read `2026-11-24T16:30:00Z`. Raises ValueError for anything else, other spellings of a moment included."""
    match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(ALLOWED)
    # The gate reads a hundred of them; strptime needs ten times as long, and a module of its own.
    year, month, day, hour, minute, second = map(int, match.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def written(moment: datetime) -> str:
    """Write a moment so that `read` reads it back; what is below a second is dropped."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(length: timedelta) -> str:
    """Say how long something is, for people: 1 s, 5 min, 3 h, 2 days."""
    seconds = int(abs(length).total_seconds())
    for size, unit in ((2 * 86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // (86_400 if unit == 'days' else size)} {unit}"
    return f"{seconds} s"
