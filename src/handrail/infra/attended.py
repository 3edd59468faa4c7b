"""A process that is not left alone: its output is read as it comes, and it is asked to stop once, never killed."""

from __future__ import annotations

import json
import signal
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

Event = dict[str, Any]
# A Ctrl-C, a CI job that is cancelled, a terminal that is closed.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Ended:
    """How a command ended; `troubles` are the events that tell of trouble."""

    code: int
    output: str
    errors: str
    troubles: list[Event] = field(default_factory=list)
    interrupted: bool = False


@dataclass
class Attended:
    """One run of a program; `tell` gets each of its events as it comes, where it `streams` any."""

    tell: Callable[[Event], None]
    streams: bool
    process: subprocess.Popen[str] | None = None
    _output: list[str] = field(default_factory=list)
    _troubles: list[Event] = field(default_factory=list)
    _errors: list[str] = field(default_factory=list)
    _interrupted: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def stopped_once(self) -> Iterator[None]:
        """Meanwhile, hand on the first signal to stop and no other: at a second one Terraform would drop its state."""
        if threading.current_thread() is not threading.main_thread():  # only the main thread gets signals
            yield
            return

        def stop(*_: object) -> None:
            # What is told is printed, and what is being printed must not be interrupted by that.
            threading.Thread(target=self.interrupt, daemon=True).start()

        before = {number: signal.signal(number, stop) for number in STOPS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def interrupt(self) -> None:
        """Ask it, once, to stop after what is under way."""
        with self._lock:
            if self._interrupted:
                return
            self._interrupted = True
            if self.process is not None:
                self.process.send_signal(signal.SIGINT)
        self._say({"type": "interrupted", "@message": "Terraform ends what is under way and writes it down; wait"})

    def ended(self, process: subprocess.Popen[str], seconds: float) -> Ended:
        """Read to the end, ask it to stop when that takes too long, and wait for it."""
        with self._lock:
            self.process = process
            if self._interrupted:
                process.send_signal(signal.SIGINT)
        out, err = process.stdout, process.stderr
        if out is None or err is None:
            raise RuntimeError("a process without pipes")
        reader = threading.Thread(target=lambda: self._errors.extend(err), daemon=True)
        reader.start()
        watch = threading.Timer(seconds, self.interrupt)
        watch.daemon = True
        watch.start()
        with out:
            self._read(out)
        code = process.wait()
        watch.cancel()
        reader.join(timeout=5)
        return Ended(code, "".join(self._output), "".join(self._errors), self._troubles, self._interrupted)

    def _read(self, out: IO[str]) -> None:
        for line in out:
            event = _event(line) if self.streams else None
            if event is None:
                self._output.append(line)
                continue
            if event.get("type") == "diagnostic":
                self._troubles.append(event)
            self._say(event)

    def _say(self, event: Event) -> None:
        """Tell an event; that nobody can read it any more is no reason to leave Terraform alone."""
        with suppress(OSError):
            self.tell(event)


def _event(line: str) -> Event | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    return said if isinstance(said, dict) and "type" in said else None
