"""Have a step done by a runner, or wait for the one that is at it."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from handrail.maintenance.book import Book, outcome
from handrail.maintenance.owner import lives, mine
from handrail.maintenance.written import write_step
from handrail.model.maintenance_step import Done, Outcome

if TYPE_CHECKING:
    from handrail.model.maintenance_step import Step

LOOK_SECONDS = 0.1
# A runner that ends without a word, again and again, was not meant to run: its Python or its folder is gone.
MOST_TRIES = 5


def perform(book: Book, window: str, step: Step) -> Done:
    """Wait until a step is done, by whomever; a runner that died is replaced."""
    runner: subprocess.Popen[bytes] | None = None
    started = 0
    while True:
        row = book.step(window, step.key)
        if row is not None and row["outcome"]:
            return outcome(row)
        at_work = row is not None and lives(row["owner"], row["beat"])
        if not at_work and (runner is None or runner.poll() is not None):
            if started == MOST_TRIES:
                return _given_up(book, window, step)
            runner = _start(window, step)
            started += 1
        time.sleep(LOOK_SECONDS)


def _given_up(book: Book, window: str, step: Step) -> Done:
    """Write down that it failed, for it may have been begun and is to be undone."""
    done, me = Done(step.key, Outcome.FAILED, f"its runner died {MOST_TRIES} times, see the worker's log"), mine()
    if book.claim(window, step, me):
        book.end(window, step.key, me, done)
    return done


def _start(window: str, step: Step) -> subprocess.Popen[bytes]:
    line = [sys.executable, "-P", "-m", "handrail.maintenance.runner", window, write_step(step)]
    return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
