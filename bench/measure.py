"""Run a command and tell what it cost this machine: wall time, processor time of all its processes, memory."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lab import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# prctl(2): processes that lose their parent become children of this one, so that their time can be counted, too.
PR_SET_CHILD_SUBREAPER = 36
# An SSH master that was told to leave is gone in milliseconds.
LEAVE_SECONDS = 5.0
SAMPLE_SECONDS = 0.03
MICRO = 1_000_000


@dataclass(frozen=True)
class Cost:
    """What one run cost; `cpu_seconds` is user and system time of the command and everything that it started."""

    began: float
    wall_seconds: float
    cpu_seconds: float
    output: str


def adopt_orphans() -> None:
    """Count processes that a command leaves behind as its own; without Linux they are not counted."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def run(
    argv: Sequence[str], *, environment: Mapping[str, str] | None = None, after: Callable[[], None] | None = None
) -> Cost:
    """Run a command to its end; `after` dismisses what it has left running, whose time is counted, too.

    Raises RuntimeError, with the command's words, when it fails.
    """
    with tempfile.TemporaryFile("w+") as said:
        began, clock = time.time(), time.monotonic()
        process = subprocess.Popen(
            argv,
            cwd=paths.ROOT,
            env=os.environ | (environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - clock
        process.returncode = os.waitstatus_to_exitcode(status)
        cpu = usage.ru_utime + usage.ru_stime
        if after is not None:
            after()
            cpu += _orphans()
        said.seek(0)
        output = said.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(argv)} ended with {process.returncode}:\n{output[-4000:]}")
    return Cost(began, wall, cpu, output)


def _orphans() -> float:
    """Wait for every child that is left and give their processor time."""
    cpu, deadline = 0.0, time.monotonic() + LEAVE_SECONDS
    while time.monotonic() < deadline:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu
        if pid:
            cpu += usage.ru_utime + usage.ru_stime
        else:
            time.sleep(0.01)
    return cpu


class Memory:
    """The most memory that all processes below this one used at a time, in MiB, while the block runs.

    Shared pages are counted once (PSS), or the forks of one program would be counted many times. Looking costs
    processor time, so what is timed is not looked at.
    """

    def __init__(self) -> None:
        self.peak_mib = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Begin to look."""
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking."""
        self._over.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.peak_mib = max(self.peak_mib, sum(_proportional_kib(pid) for pid in _below(os.getpid())) / 1024)


def _below(root: int) -> set[int]:
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of a process is in parentheses and may hold anything; what follows it is regular.
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def _proportional_kib(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
