"""The worker: runs windows when they are due, goes on with its own after a crash, and with those of dead workers."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.errors import HandrailError, Refused
from handrail.maintenance import durable
from handrail.maintenance.book import BOOKED, OVER, RUNNING, Book
from handrail.maintenance.chores import Chores
from handrail.maintenance.seat import Seat
from handrail.maintenance.tables import url
from handrail.maintenance.tell import tell
from handrail.model import moment
from handrail.model.course import End
from handrail.model.duration import text
from handrail.model.happening import Happening

if TYPE_CHECKING:
    from collections.abc import Callable

    from handrail.maintenance.book import Booking

LOOK_SECONDS = 1.0
# How often who waits for the seat looks whether it is free.
WAIT_SECONDS = 0.5
# Asking DBOS what is under way costs as much as all the rest of a look.
TAKE_OVER_SECONDS = 3.0
# The shell's code for a process that a signal ended.
INTERRUPTED_EXIT = 130


class Worker:
    """One worker on its seat."""

    def __init__(self, book: Book, seat: Seat, *, say: Callable[[str], None]) -> None:
        self._book, self._seat, self._say = book, seat, say
        self._told: set[str] = set()
        self._due = 0.0

    def look(self) -> None:
        """Look once for what is due."""
        if not self._seat.still_mine():
            # Somebody else may sit here by now, and go on with what this one has: it must not be done twice.
            self._say("the database has forgotten this worker; it leaves, and its windows go on elsewhere")
            os._exit(1)
        now = datetime.now(UTC)
        for booking in self._book.every(BOOKED, RUNNING):
            if booking.row["state"] == BOOKED:
                self._prepare(booking, now)
            else:
                self._begin(booking)
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + TAKE_OVER_SECONDS
            self._take_over()

    def _prepare(self, booking: Booking, now: datetime) -> None:
        if booking.row["aborted"]:
            end = End(1, "aborted", "it was aborted before it began; nothing was touched")
            self._book.over(booking.id, end)
            tell(booking, Happening.MAINTENANCE_ABORTED, end.text)
        elif booking.begins <= now:
            self._begin(booking)
        else:
            self._announce(booking, now)

    def _announce(self, booking: Booking, now: datetime) -> None:
        """Announce a window when it is time to; several that were missed are made up for by one."""
        due = [ahead for ahead in sorted(booking.window.announce) if booking.begins - ahead <= now]
        if due and booking.row["announced"] != text(due[0]):
            words = f"begins in {moment.span(booking.begins - now)}"
            tell(booking, Happening.MAINTENANCE_ANNOUNCED, words, again=text(due[0]))
            self._book.set(booking.id, announced=text(due[0]))

    def _begin(self, booking: Booking) -> None:
        """Begin a window, once; one whose workflow broke is taken up again by another."""
        if durable.is_lost(booking.workflow):
            self._say(f"{booking.id} is taken up again: its workflow broke")
            self._book.set(booking.id, round=booking.row["round"] + 1)
        elif booking.workflow not in self._told and (booking.row["round"] or booking.row["state"] == BOOKED):
            self._told.add(booking.workflow)
            self._say(f"{booking.id} begins")
            durable.begin(booking)

    def _take_over(self) -> None:
        for workflow, seat, version in durable.unfinished():
            if version != durable.VERSION:
                self._say_once(
                    f"{workflow} was begun by version {version} of the engine, and this is {durable.VERSION}: "
                    f"fab maintenance.resume {workflow.partition('~')[0]}"
                )
            elif self._seat.is_free(seat):
                self._say(f"{workflow} was run by {seat}, which is dead: it goes on here")
                durable.take_over(workflow)

    def _say_once(self, words: str) -> None:
        if words not in self._told:
            self._told.add(words)
            self._say(words)


# The word that has a worker for one window wait until no other one is at work in its folder.
WAITS = "--wait"


def work(*, until_done: str = "", wait: bool = True, inventories: tuple[str, ...] = ()) -> int:
    """Run windows, and what is due on inventories, until a signal comes, or until one window is over.

    Then it gives the exit code of that.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    seat = Seat(url())
    with closing(Book()) as book:
        while not seat.take():
            if not wait:
                raise Refused(
                    "another worker is at work in this folder", next_step="leave it to that one: fab maintenance.list"
                )
            if stop.is_set() or _is_over(book, until_done):
                return 0  # it was never at work
            stop.wait(WAIT_SECONDS)
        say(f"worker {seat.id} at {time.strftime('%Y-%m-%d %H:%M:%S %Z')}")
        durable.launch(seat.id, book)
        worker, chores = Worker(book, seat, say=say), Chores(inventories, say)
        while not stop.is_set():
            worker.look()
            chores.look()
            if _is_over(book, until_done):
                break
            stop.wait(LOOK_SECONDS)
        code = book.named(until_done).row["exit_code"] if until_done else 0
    sys.stdout.flush()
    # A window that is under way is left where it is, for the next worker: nobody waits here for its end.
    os._exit(INTERRUPTED_EXIT if code is None else int(code))


def _is_over(book: Book, window: str) -> bool:
    return bool(window) and book.named(window).row["state"] == OVER


def say(words: str) -> None:
    """Tell who runs the worker, if that terminal is still there."""
    with suppress(OSError):
        sys.stderr.write(f"{words}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    try:
        sys.exit(work(until_done=sys.argv[1], wait=WAITS in sys.argv) if len(sys.argv) > 1 else work())
    except HandrailError as error:
        say(str(error))
        sys.exit(error.exit_code)
