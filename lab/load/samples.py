"""What was measured, as arrays: eighteen bytes a request instead of an object."""

from __future__ import annotations

import json
import time
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# enough to see what went wrong; their number is counted in full
KEPT_FAILURES = 20
_COLUMNS = ("starts", "durations", "statuses", "failed", "releases")


class Samples:
    """Every request of a run; times are seconds since the run began."""

    def __init__(self) -> None:
        self.began_monotonic = time.monotonic()
        self.began_wall = time.time()
        self.seconds = 0.0
        self.reconnects = 0
        self.starts = array("d")
        self.durations = array("f")
        self.statuses = array("H")
        self.failed = array("B")
        self.releases = array("H")
        # a release is stored as its place in this list; the first place means that none was named
        self.release_names = [""]
        self.failures: list[tuple[float, str]] = []
        self.marks: list[tuple[str, float]] = []
        self._release_index = {"": 0}

    def add(self, start: float, end: float, status: int, release: str, failure: str = "") -> None:
        """Count one request; `start` and `end` are monotonic times."""
        index = self._release_index.get(release)
        if index is None:
            index = self._release_index[release] = len(self.release_names)
            self.release_names.append(release)
        self.starts.append(start - self.began_monotonic)
        self.durations.append(end - start)
        self.statuses.append(status)
        self.failed.append(1 if failure else 0)
        self.releases.append(index)
        if failure and len(self.failures) < KEPT_FAILURES:
            self.failures.append((end - self.began_monotonic, failure))

    def mark(self, name: str, at: float) -> None:
        """Begin a phase at a monotonic time, which is the same clock in every process of the machine."""
        self.marks.append((name, at - self.began_monotonic))

    def end(self) -> None:
        """Fix how long the run took."""
        self.seconds = time.monotonic() - self.began_monotonic

    def write(self, path: Path) -> None:
        """Hand the samples to another process of this machine: one line of JSON, then the arrays as they are."""
        head = {
            "began_monotonic": self.began_monotonic,
            "began_wall": self.began_wall,
            "seconds": self.seconds,
            "reconnects": self.reconnects,
            "release_names": self.release_names,
            "failures": self.failures,
            "marks": self.marks,
        }
        with path.open("wb") as file:
            file.write(json.dumps({**head, "count": len(self.starts)}).encode() + b"\n")
            for column in _COLUMNS:
                getattr(self, column).tofile(file)


def read(path: Path) -> Samples:
    """Take over what another process wrote."""
    samples = Samples()
    with path.open("rb") as file:
        head = json.loads(file.readline())
        count = head.pop("count")
        for name, value in head.items():
            setattr(samples, name, value)
        for column in _COLUMNS:
            getattr(samples, column).fromfile(file, count)
    return samples
