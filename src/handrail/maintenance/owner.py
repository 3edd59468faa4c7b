"""Who runs a step: a process on a machine, and whether it still lives."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

# A runner on another machine says each second that it lives; after so long without a word it is dead.
SILENT_SECONDS = 30
# proc(5): the 22nd field of stat, counted from behind the name in brackets, which may hold anything.
START_FIELD = 19


def mine() -> str:
    """Name this process among all machines; a process number alone is used again."""
    return f"{socket.gethostname()}:{os.getpid()}:{_start(os.getpid())}"


def lives(owner: str, beat: float) -> bool:
    """Tell whether a runner still lives: on this machine by its process, on another by when it was heard of."""
    host, number, start = owner.rsplit(":", 2)
    if host == socket.gethostname():
        return _start(int(number)) == start
    return beat > time.time() - SILENT_SECONDS


def process(owner: str) -> int:
    """Give the process number of a runner; 0 when there was none."""
    return int(owner.rsplit(":", 2)[1]) if owner else 0


def _start(number: int) -> str:
    """Give the moment that a process began at, in ticks since the machine did; nothing when there is none."""
    try:
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    # One that has ended and is not yet buried does nothing any more.
    return "" if fields[0] == "Z" else fields[START_FIELD]
