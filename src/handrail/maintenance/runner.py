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
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from handrail.errors import HandrailError
from handrail.hosts.variable import SYSTEM_VARIABLE
from handrail.maintenance import owner
from handrail.maintenance.book import AWAY, Book, Booking
from handrail.maintenance.written import read_step
from handrail.model.maintenance_step import Done, Outcome, Step
from handrail.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

BEAT_SECONDS = 1.0
# A verb that is asked to stop goes back first; what has not ended by then is killed.
GRACE_SECONDS = 60
# fab ends so where hosts or edges may differ.
MIXED = 5
# The lease of a run that was killed lives on for a while: fab says so with this code, and it is tried again.
LEASE_HELD = 4
AGAIN_SECONDS = 2
# How a watch ends that came to its end, or was asked to stop: with 1 for a WARN. Whatever else ends with 1 saw nothing.
WATCHED = {"done", "interrupted"}
# EX_SOFTWARE of sysexits.h.
BROKEN = 70
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
        self._note(done)

    def _note(self, done: Done) -> None:
        """Note how it came out, however long the database is away: what is done must not be begun again."""
        while True:
            try:
                return self.book.end(self.booking.id, self.step.key, self.me, done)
            except AWAY:
                continue

    def _done(self, deadline: float, *, broken_off: bool) -> Done:
        while True:
            code, said = self._exit_of(self._argv(deadline), deadline)
            if code != LEASE_HELD or self.step.own or time.time() + AGAIN_SECONDS > deadline:
                break
            time.sleep(AGAIN_SECONDS)
        if code in self.step.good:
            again = ", broken off and done again" if broken_off else ""
            return Done(self.step.key, Outcome.OK, f"{said}{again}")
        said = said or f"exit code {code}"
        if code == MIXED and self.step.changes:
            return Done(self.step.key, Outcome.MIXED, said)
        aborted = bool(self.book.named(self.booking.id).row["aborted"])
        return Done(self.step.key, Outcome.ABORTED if aborted else Outcome.FAILED, said)

    def _argv(self, deadline: float) -> tuple[str, ...]:
        if self.step.own:
            return self.step.argv
        row = self.booking.row
        words = [*self.step.argv, "--inventory", row["inventory"]]
        if self.step.changes:
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
            said = _json_said(output) if not self.step.own else self._masked(_last_line(output))
            watched = _said(output, "outcome") in WATCHED
        code = child.returncode
        if late:
            # A verb that was past the point from which nothing goes back has done what it was to do, and says so.
            code = code if self.step.changes else code or 1
            said = f"{late}; {said}" if said else late
        if code in self.step.good and code and not watched:
            return BROKEN, said or f"it ended with {code} before its time"
        return code, said

    def _masked(self, text: str) -> str:
        """Take the system's secrets out of what a command printed: it was given them all."""
        from handrail.checklist.variables import mask_here  # noqa: PLC0415  # tasks need not wait for it
        from handrail.control.inventory import read  # noqa: PLC0415  # likewise

        row = self.booking.row
        try:
            loaded = read(Path(row["inventory"])).load(only=row["system"])
        except HandrailError:
            return masked(text, {})[-TAIL_LETTERS:]
        return mask_here(loaded.environment.system, base=loaded.base)(text)[-TAIL_LETTERS:]

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
            why = self._why_not(deadline) or why
            if why and not asked:
                # A task goes back as after Ctrl-C; a program that is no task may know SIGTERM alone.
                _signal(child, signal.SIGTERM if self.step.own else signal.SIGINT)
                asked = time.time()
            elif asked and time.time() > asked + GRACE_SECONDS:
                _signal(child, signal.SIGKILL)

    def _why_not(self, deadline: float) -> str:
        """Give why it must not go on, if it must not. As long as nobody can be asked it goes on."""
        try:
            if not self.book.beat(self.booking.id, self.step.key, self.me):
                return "another runner has taken this step over"
            if self._aborted():
                return "aborted by the operator"
        except AWAY:
            pass
        return f"not done within {self.step.takes.total_seconds():g} s" if time.time() > deadline else ""

    @property
    def _going_back(self) -> bool:
        """Whether the step undoes something, or lets traffic in again."""
        return self.step.key.startswith(("undo", "start", "health", "resume"))

    def _aborted(self) -> bool:
        return not self._going_back and bool(self.book.named(self.booking.id).row["aborted"])


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # What has become another user, as under sudo, cannot be ended by us; it is waited for.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _lines(output: IO[bytes]) -> list[str]:
    output.seek(0)
    # PostgreSQL takes no NUL.
    return output.read()[-200_000:].decode(errors="replace").replace("\0", "").strip().splitlines()


def _last_line(output: IO[bytes]) -> str:
    return next(reversed(_lines(output)), "")


def _json_said(output: IO[bytes]) -> str:
    return next((masked(text, {}) for line in reversed(_lines(output)) if (text := _text(line))), "")


def _said(output: IO[bytes], key: str) -> str:
    """Give a word of the last thing that a task told in its JSON."""
    told = next((told for line in reversed(_lines(output)) if (told := _object(line))), {})
    return str(told.get(key, ""))


def _object(line: str) -> dict[str, Any]:
    try:
        told: Any = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _text(line: str) -> str:
    """Find what a task tells in its JSON."""
    told = _object(line)
    if "release" in told and "services" in told:
        return f"release {told['release']} is live in {told.get('live_slot', '?')}"
    if "findings" in told:
        from handrail.control.task_work import told as in_words  # noqa: PLC0415  # tasks need not wait for it

        return in_words(told)
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
