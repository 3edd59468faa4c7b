"""One step of a window, in a process of its own that outlives its worker: `python -m handrail.maintenance.runner`.

A worker that comes back, here or on another machine, finds it by its heartbeat in the book and waits for it, so that
nothing is done twice while it lives.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from handrail.hosts.variable import SYSTEM_VARIABLE
from handrail.maintenance import owner
from handrail.maintenance.book import Book, Booking
from handrail.maintenance.written import read_step
from handrail.model.maintenance_step import Done, Outcome, Step
from handrail.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

BEAT_SECONDS = 1.0
# A verb that is asked to stop goes back first; what has not ended by then is killed.
GRACE_SECONDS = 60
# The lease of a run that was killed lives on for a while: fab says so with this code, and it is tried again.
LEASE_HELD = 4
AGAIN_SECONDS = 2
# A question whether something was done is answered by then, or it was not.
ASK_SECONDS = 30
TAIL_LETTERS = 300


@dataclass
class Runner:
    """One step that is under way."""

    book: Book
    booking: Booking
    step: Step
    me: str

    def run(self) -> None:
        """Do it unless it was done already, and note how it came out."""
        row = self.book.step(self.booking.id, self.step.key) or {}
        began, tries = float(row.get("began", time.time())), int(row.get("tries", 1))
        # What goes forward has its time from the first try on; what goes back is never too late.
        deadline = (time.time() if self._going_back else began) + self.step.takes.total_seconds()
        if tries > 1 and self.step.done_when and self._exit_of(self.step.done_when, time.time() + ASK_SECONDS)[0] == 0:
            done = Done(self.step.key, Outcome.OK, "it was done already")
        elif time.time() >= deadline:
            words = f"broken off, and its {self.step.takes.total_seconds():g} s are over"
            done = Done(self.step.key, Outcome.FAILED, words)
        else:
            done = self._done(deadline, broken_off=tries > 1)
        self.book.end(self.booking.id, self.step.key, self.me, done)

    def _done(self, deadline: float, *, broken_off: bool) -> Done:
        while True:
            code, said = self._exit_of(self._argv(deadline), deadline)
            if code != LEASE_HELD or self.step.own or time.time() + AGAIN_SECONDS > deadline:
                break
            time.sleep(AGAIN_SECONDS)
        if code in self.step.good:
            again = ", broken off and done again" if broken_off else ""
            return Done(self.step.key, Outcome.OK, f"{said}{again}")
        aborted = bool(self.book.named(self.booking.id).row["aborted"])
        return Done(self.step.key, Outcome.ABORTED if aborted else Outcome.FAILED, said or f"exit code {code}")

    def _argv(self, deadline: float) -> tuple[str, ...]:
        if self.step.own:
            return self.step.argv
        row = self.booking.row
        words = [*self.step.argv, "--inventory", row["inventory"]]
        if "--yes" in words:
            words += ["--reason", f"maintenance {self.booking.id}: {self.step.title}"]
        if self.step.lasts:
            left = min(self.step.lasts.total_seconds(), deadline - time.time())
            words += ["--minutes", f"{max(left, 1) / 60:.3f}"]
        return (sys.executable, "-m", "fabric", *words)

    def _exit_of(self, argv: Sequence[str], deadline: float) -> tuple[int, str]:
        """Run a command until it ends, its deadline is over or the window is aborted; say what it said last."""
        with tempfile.TemporaryFile() as output:
            try:
                child = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT if self.step.own else subprocess.DEVNULL,
                    env=self._environment(),
                    start_new_session=True,
                )
            except OSError as error:
                return 127, f"{argv[0]}: {error.strerror}"
            late = self._wait(child, deadline)
            said = _said(output, json_line=not self.step.own)
        if late:
            return child.returncode or 1, f"{late}; {said}" if said else late
        return child.returncode, said

    def _environment(self) -> dict[str, str]:
        if not self.step.own:
            return os.environ | {SYSTEM_VARIABLE: self.booking.row["system"]}
        from handrail.checklist.process import outside  # noqa: PLC0415  # tasks need not wait for it

        return outside()

    def _wait(self, child: subprocess.Popen[bytes], deadline: float) -> str:
        """Give why it was ended, if it was."""
        asked, why = 0.0, ""
        while True:
            try:
                child.wait(timeout=BEAT_SECONDS)
            except subprocess.TimeoutExpired:
                pass
            else:
                return why
            if not self.book.beat(self.booking.id, self.step.key, self.me):
                why = "another runner has taken this step over"
            elif self._aborted():
                why = "aborted by the operator"
            elif time.time() > deadline:
                why = f"not done within {self.step.takes.total_seconds():g} s"
            if why and not asked:
                # A task goes back as after Ctrl-C; a program that is no task may know SIGTERM alone.
                os.killpg(child.pid, signal.SIGTERM if self.step.own else signal.SIGINT)
                asked = time.time()
            elif asked and time.time() > asked + GRACE_SECONDS:
                os.killpg(child.pid, signal.SIGKILL)

    @property
    def _going_back(self) -> bool:
        """Whether the step undoes something, or lets traffic in again."""
        return self.step.key.startswith(("undo", "start", "health", "resume"))

    def _aborted(self) -> bool:
        return not self._going_back and bool(self.book.named(self.booking.id).row["aborted"])


def _said(output: IO[bytes], *, json_line: bool) -> str:
    output.seek(0)
    lines = output.read()[-200_000:].decode(errors="replace").strip().splitlines()
    if json_line:
        for line in reversed(lines):
            if text := _text(line):
                return masked(text, {})
        return ""
    return masked(lines[-1], {})[-TAIL_LETTERS:] if lines else ""


def _text(line: str) -> str:
    """Find what a task tells in its JSON."""
    try:
        told: Any = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(told, dict):
        return ""
    if "release" in told and "services" in told:
        return f"release {told['release']} is live in {told.get('live_slot', '?')}"
    return str(told.get("text") or told.get("level") or "")


def main(window: str, written: str) -> int:
    """Take the step that is written in the last argument, unless another runner lives that has it, and do it."""
    # Whoever began the worker with `&` in a script had it ignore Ctrl-C, and all that it starts: an abort is one.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    book = Book()
    try:
        step, me = read_step(written), owner.mine()
        if book.claim(window, step, me):
            Runner(book, book.named(window), step, me).run()
    finally:
        book.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
