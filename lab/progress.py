"""Say what is going on, and what is being waited for."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

_STARTED = time.monotonic()


def say(text: str) -> None:
    """Print one line with the seconds since the command began."""
    # one write: hosts start in parallel, and print() would mix their lines
    sys.stdout.write(f"{time.monotonic() - _STARTED:6.1f} s  {text}\n")
    sys.stdout.flush()


def wait_for(what: str, check: Callable[[], bool], *, deadline_seconds: float, every_seconds: float = 0.1) -> None:
    """Wait until the check is true; say so every five seconds, and stop at the deadline."""
    began = time.monotonic()
    spoken = began
    while not check():
        now = time.monotonic()
        if now - began > deadline_seconds:
            raise LabError(f"{what}: not there after {deadline_seconds:.0f} s")
        if now - spoken > 5:
            spoken = now
            say(f"waiting for {what} ({now - began:.0f} of {deadline_seconds:.0f} s)")
        time.sleep(every_seconds)
