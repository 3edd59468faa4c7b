"""What the journal keeps of a window: each verb has a record of its own, this one has the whole, commands included."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from handrail.control.journal import record
from handrail.errors import HandrailError

if TYPE_CHECKING:
    from handrail.maintenance.book import Book, Booking
    from handrail.model.course import End

KIND = "maintenance"


def keep(book: Book, booking: Booking, end: End) -> None:
    """Record how a window went. A journal that is away holds up nobody: the book has it all, too."""
    row = booking.row
    body = {
        "system": row["system"], "environment": row["environment"], "verb": KIND, "run": booking.workflow,
        "outcome": end.word, "exit_code": end.exit_code, "text": end.text, "who": row["who"], "file": row["file"],
        "digest": row["digest"], "begins": row["begins"], "ends": row["ends"], "aborted": row["aborted"],
        "steps": [
            {name: step[name] for name in ("key", "title", "outcome", "text", "tries", "began", "ended")}
            for step in book.steps(booking.id)
        ],
    }  # fmt: skip
    try:
        record(KIND, body, once=True)
    except HandrailError as error:
        sys.stderr.write(f"NOT IN THE JOURNAL: {error.message}\n")
