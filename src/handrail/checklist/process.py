"""One command on the operator's machine, which ends in time whatever it does, and whose output costs no memory.

It works the same with threads and under gevent, to which pyinfra turns the standard library: nothing here blocks but
`select.poll` and `time.sleep`, which gevent knows how to wait for.
"""

from __future__ import annotations

import hashlib
import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHUNK = 1 << 16
# So much of the end of the output is looked at for its last line.
TAIL = 1 << 16
# pipe(7): at most so much is left in a pipe after the last writer was ended; who escaped may write on for ever.
LEFT = 1 << 20
# How soon it is noticed that a command has ended while its children still hold its output.
LOOK_SECONDS = 0.05
# A process that a signal does not end waits for a disk or for a file server.
DEAD_SECONDS = 5
# What a command of somebody else's has no use for: how a run tells its news, and where the journal is.
HIDDEN = frozenset({"HANDRAIL_EVENTS", "HANDRAIL_STORE"})


# Nothing; as an argument's default it must not be one that can change.
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


def outside() -> dict[str, str]:
    """Give the environment for a command that is not ours."""
    return {name: value for name, value in os.environ.items() if name not in HIDDEN}


@dataclass
class Output:
    """What a command printed: its digest, and its end."""

    tail: bytes = b""
    cut: bool = False
    most: int = TAIL
    _whole: hashlib._Hash = field(default_factory=hashlib.sha256)

    def take(self, chunk: bytes) -> None:
        """Add what was printed."""
        self._whole.update(chunk)
        kept = self.tail + chunk
        self.cut = self.cut or len(kept) > self.most
        self.tail = kept[-self.most :]

    @property
    def digest(self) -> str:
        """The digest of all that was printed."""
        return f"sha256:{self._whole.hexdigest()}"


@dataclass(frozen=True)
class Ended:
    """How a command ended: `code` is None when it could not be run or did not end in time, and `why` says so."""

    code: int | None
    why: str
    output: Output


def run(
    words: Sequence[str], *, seconds: float, variables: Mapping[str, str] = NO_VARIABLES, grace: float = 0,
    most: int = TAIL,
) -> Ended:  # fmt: skip
    """Run a command without a shell and without input; when it ends, or its time is over, all that it started ends.

    With `grace` it is asked to end first, and has so many seconds for it. `most` is how much of its output is kept.
    """
    output = Output(most=most)
    reading, writing = os.pipe()
    try:
        os.set_blocking(reading, False)
        try:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, start_new_session=True,
                env={**outside(), **variables},
            )  # fmt: skip
        except OSError as error:
            return Ended(None, f"cannot be run: {error.strerror}: {words[0]}", output)
        finally:
            os.close(writing)
        in_time = False
        try:
            in_time = _follow(process, reading, output, until=time.monotonic() + seconds)
        finally:
            # Also when somebody presses Ctrl-C, which does not reach it.
            if not in_time and grace:
                process.terminate()
                _follow(process, reading, output, until=time.monotonic() + grace)
            _end(process)
        _drain(reading, output)
    finally:
        os.close(reading)
    if not in_time:
        return Ended(None, f"no answer within {seconds:g}s", output)
    return Ended(process.returncode, "", output)


def _follow(process: subprocess.Popen[bytes], reading: int, output: Output, *, until: float) -> bool:
    """Read until the command itself ends; children may hold its output open for longer. False if its time is over."""
    waiting = select.poll()
    waiting.register(reading, select.POLLIN)
    open_ = True
    while process.poll() is None:
        left = until - time.monotonic()
        if left <= 0:
            return False
        pause = min(left, LOOK_SECONDS)
        if not open_:
            time.sleep(pause)
        elif waiting.poll(pause * 1000):
            chunk = _read(reading)
            open_ = chunk != b""
            output.take(chunk or b"")
    return True


def _read(reading: int) -> bytes | None:
    """Read what is there: nothing at all at the end, None where there is nothing yet."""
    try:
        return os.read(reading, CHUNK)
    except BlockingIOError:
        return None


def _drain(reading: int, output: Output) -> None:
    taken = 0
    while taken < LEFT and (chunk := _read(reading)):
        output.take(chunk)
        taken += len(chunk)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group. One that is empty already is no more; its number is not given to others so soon."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=DEAD_SECONDS)
