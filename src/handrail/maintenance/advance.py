"""One step forward, or back, in a window: look what was done, decide, do it, write it down."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.maintenance.book import RUNNING, outcome
from handrail.maintenance.keep import keep
from handrail.maintenance.perform import perform
from handrail.maintenance.tell import tell
from handrail.model.course import End, Turn, following
from handrail.model.happening import Happening
from handrail.model.maintenance_step import Step

if TYPE_CHECKING:
    from handrail.maintenance.book import Book


def advance(book: Book, window: str) -> int | None:
    """Take the next step, and give the exit code once nothing follows. Asked again, it does nothing twice."""
    booking = book.named(window)
    if booking.row["exit_code"] is not None:
        return int(booking.row["exit_code"])
    if booking.row["state"] != RUNNING:
        book.set(window, state=RUNNING)
        tell(booking, Happening.MAINTENANCE_STARTED, "it has begun")
    rows = book.steps(booking.id)
    done, begun = [outcome(row) for row in rows if row["outcome"]], {row["key"] for row in rows if not row["outcome"]}
    left = booking.row["ends"] - time.time()
    if left < 0:
        tell(booking, Happening.MAINTENANCE_OVERRUN, "it goes on until everything is done or undone")
    aborted = bool(booking.row["aborted"])
    coming = following(booking.window, done, begun=begun, left=timedelta(seconds=left), aborted=aborted)
    match coming:
        case Turn():
            book.turn(booking.id, coming.reason)
            tell(booking, Happening.MAINTENANCE_STEP_FAILED, coming.reason, step="a step")
        case Step():
            perform(book, booking.id, coming)
        case End():
            event = Happening.MAINTENANCE_ENDED if coming.exit_code == 0 else Happening.MAINTENANCE_ABORTED
            tell(booking, event, coming.text, again=str(coming.exit_code))
            keep(book, booking, coming)
            book.over(booking.id, coming)
            return coming.exit_code
    return None
