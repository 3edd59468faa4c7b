"""What the maintenance tasks do."""

from __future__ import annotations

import sys
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING

from handrail.control.show import confirmed
from handrail.control.task import exits, opened
from handrail.errors import BadInput, Refused
from handrail.maintenance import shown
from handrail.maintenance.book import BOOKED, OVER, RUNNING, Book
from handrail.maintenance.plan import Plan, planned

if TYPE_CHECKING:
    from handrail.maintenance.book import Booking

FOLLOW_SECONDS = 0.5
# The shell's code for a process that a signal ended.
INTERRUPTED_EXIT = 130


@exits
def plan(file: str, inventory: str | None, *, at: str, as_json: bool) -> int:
    """Show what a window would do, and whether it may."""
    shown.plan(planned(file, opened(inventory), at), as_json=as_json)
    return 0


@exits
def schedule(file: str, inventory: str | None, *, at: str, yes: bool, as_json: bool) -> int:
    """Book a window; a worker announces and runs it."""
    if at in {"", "now"}:
        raise BadInput("when?", next_step='--at "2026-12-03 22:00"; fab maintenance.run FILE begins now')
    asked = planned(file, opened(inventory), at)
    _sure(asked, yes=yes, as_json=as_json)
    with closing(Book()) as book:
        booking = _booked(book, asked)
        shown.booked(booking, as_json=as_json)
    return 0


@exits
def run(file: str, inventory: str | None, *, yes: bool, as_json: bool) -> int:
    """Book a window that begins now, and run it here unless a worker does."""
    _engine_is_here()
    asked = planned(file, opened(inventory), "now")
    _sure(asked, yes=yes, as_json=as_json)
    with closing(Book()) as book:
        return _run(_booked(book, asked).id, as_json=as_json)


@exits
def resume(identity: str, *, as_json: bool) -> int:
    """Go on with a window: one that an older engine began, or whose end could not let traffic in."""
    with closing(Book()) as book:
        booking = book.named(identity)
        if booking.row["state"] == BOOKED:
            raise BadInput(f"{identity} has not begun", next_step="a worker begins it: fab worker")
        if booking.row["state"] == OVER and booking.row["exit_code"] in {0, 1}:
            raise BadInput(f"{identity} is over: {booking.row['text']}", next_step=f"fab maintenance.status {identity}")
        if booking.row["state"] == OVER:
            book.forget_failures(identity)
        book.set(identity, state=RUNNING, exit_code=None, text="", round=booking.row["round"] + 1)
        return _run(identity, as_json=as_json)


@exits
def abort(identity: str, *, reason: str, as_json: bool) -> int:
    """Have a window undo what it did; what is under way is interrupted."""
    from handrail.journal.operator import operator  # noqa: PLC0415  # each verb imports what it needs

    with closing(Book()) as book:
        booking = book.named(identity)
        if booking.row["state"] == OVER:
            raise BadInput(f"{identity} is over: {booking.row['text']}", next_step=f"fab maintenance.status {identity}")
        book.set(identity, aborted=f"{operator()}: {reason or 'no reason given'}")
        shown.aborted(booking, as_json=as_json)
    return 0


@exits
def status(identity: str, *, as_json: bool) -> int:
    """Show a window step by step; its exit code once it is over."""
    with closing(Book()) as book:
        booking = book.named(identity) if identity else _newest(book)
        shown.status(booking, book.steps(booking.id), as_json=as_json)
        return int(booking.row["exit_code"] or 0)


@exits
def every(*, as_json: bool) -> int:
    """List windows."""
    with closing(Book()) as book:
        shown.every(book.every(), as_json=as_json)
    return 0


@exits
def worker(inventory: str) -> int:
    """Run windows as they come, and what is due on inventories, until it is stopped."""
    _engine_is_here()
    from handrail.maintenance.worker import work  # noqa: PLC0415  # DBOS takes half a second to import

    files = tuple(each for each in inventory.split(",") if each)
    for each in files:
        opened(each)
    return work(inventories=files)


@exits
def unit(inventory: str) -> int:
    """Print the systemd unit of a worker for this folder."""
    from handrail.maintenance.unit import text  # noqa: PLC0415  # likewise

    sys.stdout.write(text(inventory))
    return 0


def _engine_is_here() -> None:
    if find_spec("dbos") is None:
        raise BadInput("windows need DBOS, which is not installed", next_step="pip install 'handrail[durable]'")


def _booked(book: Book, asked: Plan) -> Booking:
    row = asked.row()
    book.enter(row)
    return book.named(str(row["id"]))


def _newest(book: Book) -> Booking:
    found = book.every(RUNNING) or book.every(BOOKED) or book.every()
    if not found:
        raise BadInput("there is no window", next_step="fab maintenance.plan FILE")
    return found[0]


def _sure(asked: Plan, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("a window changes the system, and nobody can be asked", next_step="add --yes")
    shown.plan(asked, as_json=False, aside=as_json)
    if not confirmed():
        raise BadInput("not confirmed; nothing was booked")


def _run(identity: str, *, as_json: bool) -> int:
    """Run it here, or look on while a worker does; whoever stops looking leaves the window to its worker."""
    import signal  # noqa: PLC0415  # likewise
    import subprocess  # noqa: PLC0415  # likewise
    from threading import Event  # noqa: PLC0415  # likewise

    pressed = Event()
    signal.signal(signal.SIGINT, lambda *_: pressed.set())

    def begun(*words: str) -> subprocess.Popen[bytes]:
        # A session of its own: neither Ctrl-C nor the end of this terminal is for it.
        line = [sys.executable, "-m", "handrail.maintenance.worker", identity, *words]
        return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)

    child, waiting = begun(), False
    seen: set[str] = set()
    with closing(Book()) as book:
        while not pressed.wait(FOLLOW_SECONDS):
            booking = book.named(identity)
            if not as_json:
                shown.news(book.steps(identity), seen)
            if booking.row["state"] == OVER:
                shown.end(booking, as_json=as_json)
                return int(booking.row["exit_code"])
            if child.poll() == Refused.exit_code and not waiting:
                # Another worker has it, and may be gone before it is over: that of another window ends with that.
                child, waiting = begun("--wait"), True
            elif child.poll() not in {None, Refused.exit_code}:
                why = f"the worker of {identity} ended with {child.returncode}"
                raise BadInput(why, next_step="fab worker goes on with it")
    shown.left(identity)
    return INTERRUPTED_EXIT
