"""Vitals: the numbers that a host tells of itself, each judged by the system's thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from handrail.model import duration
from handrail.model.level import Level, worst
from handrail.model.moment import SKEW

if TYPE_CHECKING:
    from handrail.model.system import System

# Among few requests one or two errors say little. A service that fails 5 % of its requests, which is the usual `alert`,
# fails three of three once in 8000 times: three that are half of all or more are no chance.
FAILED_ENOUGH = 3

Judged = tuple[Level, str]
"""How bad it is, and the words for it."""


class Vital(Protocol):
    """The answer to one question."""

    def judged(self, system: System, /) -> Judged:
        """Judge it by the system's thresholds."""


@dataclass(frozen=True)
class Failure:
    """A question that got no answer is an ALERT: nobody knows what the number is."""

    reason: str

    def judged(self, _: System) -> Judged:
        """Give the reason."""
        return Level.ALERT, self.reason


@dataclass(frozen=True)
class Cpu:
    """How busy the processors were for a second, and the load of five minutes in percent of them."""

    busy: int
    load: int

    def judged(self, system: System) -> Judged:
        """Judge the lower of the two: neither a second's spike nor waiting for a disk is a lack of processors."""
        level = system.thresholds.cpu.level(min(self.busy, self.load))
        return level, f"{self.busy} % busy, load of 5 minutes {self.load} % of the processors"


@dataclass(frozen=True)
class Memory:
    """Memory that is not available to programs."""

    percent: int
    available_kilobytes: int

    def judged(self, system: System) -> Judged:
        """Judge the percentage."""
        level = system.thresholds.memory.level(self.percent)
        return level, f"{self.percent} % in use, {size(self.available_kilobytes * 1024)} available"


@dataclass(frozen=True)
class Disk:
    """One file system: its space and its inodes."""

    percent: int
    inodes_percent: int
    available_kilobytes: int

    def judged(self, system: System) -> Judged:
        """Judge what is scarcer: without inodes nothing can be written either."""
        level = system.thresholds.disk.level(max(self.percent, self.inodes_percent))
        words = f"{self.percent} % in use, {size(self.available_kilobytes * 1024)} available"
        return level, f"{words}, {self.inodes_percent} % of the inodes"


@dataclass(frozen=True)
class Traffic:
    """What an edge answered; `held` are those that got the hold page, which is no error."""

    requests: int
    failed: int
    p95_milliseconds: int
    held: int = 0

    @property
    def errors_percent(self) -> float:
        """Share of the answers with a status of 500 or more."""
        return self.failed * 100 / self.requests if self.requests else 0.0

    def judged(self, system: System) -> Judged:
        """Judge p95 and errors, if there were enough requests; of few ones, whether half of them failed."""
        held = f", {self.held} got the hold page" if self.held else ""
        if not self.requests:
            return Level.OK, f"no requests{held}"
        words = f"p95 {self.p95_milliseconds} ms, {self.errors_percent:.1f} % of {self.requests} requests failed{held}"
        if self.requests < system.bake.at_least:
            if self.failed * 2 >= self.requests:
                level = Level.ALERT if self.failed >= FAILED_ENOUGH else Level.WARN
                return level, f"{words}; few requests, but half of them or more"
            return Level.OK, f"{words}; too few to judge, {system.bake.at_least} are wanted"
        limits = system.thresholds
        slow = limits.p95.level(timedelta(milliseconds=self.p95_milliseconds))
        return worst([slow, limits.errors.level(self.errors_percent)]), words


@dataclass(frozen=True)
class Errors:
    """Lines of a day of a service's log that speak of an error, and the most frequent ones."""

    count: int
    groups: tuple[tuple[int, str], ...] = ()
    # Whether there were more than could be counted.
    more: bool = False

    def judged(self, system: System) -> Judged:
        """Judge how many there are, and show the most frequent ones in any case."""
        least = "at least " if self.more else ""
        words = [f"{least}{self.count} error lines in 24 h", *(f"{count} x {line}" for count, line in self.groups)]
        return system.thresholds.error_lines.level(self.count), "\n".join(words)


@dataclass(frozen=True)
class Connections:
    """Connections to a PostgreSQL, how many it takes at the most, and how many instances run that have a pool.

    How many are active is None where nobody can tell.
    """

    active: int | None
    total: int
    most: int
    pools: int = 0

    def judged(self, system: System) -> Judged:
        """Judge all that are open, for an idle one takes a place, too; and those at work, if the system says so."""
        limits = system.thresholds.connections
        percent = self.total * 100 / self.most
        active = f", {self.active} active" if self.active is not None else ""
        words = f"{self.total} of {self.most} connections ({percent:.0f} %){active}"
        if limits.active and self.active is None:
            words = f"{words}; how many are active is not known, and not judged"
        share = 0.0
        if limits.pool and self.pools:
            share = self.total * 100 / (self.pools * limits.pool.size)
            words = f"{words}; {share:.0f} % of {self.pools} pools of {limits.pool.size}"
        return limits.level(percent, active=self.active or 0, pool_percent=share), words


@dataclass(frozen=True)
class Cache:
    """Memory of a Redis; `most_bytes` 0 means that it has no limit."""

    used_bytes: int
    most_bytes: int

    def judged(self, system: System) -> Judged:
        """Judge its memory, if it has a limit."""
        if not self.most_bytes:
            return Level.OK, f"PONG, {size(self.used_bytes)} in use, no maxmemory"
        percent = self.used_bytes * 100 / self.most_bytes
        words = f"PONG, {size(self.used_bytes)} of {size(self.most_bytes)} in use ({percent:.0f} %)"
        return system.thresholds.redis_memory.level(percent), words


@dataclass(frozen=True)
class Dump:
    """The newest dump of a backup."""

    age: timedelta
    size_bytes: int
    path: str

    def judged(self, system: System) -> Judged:
        """Judge its age; an empty file is none."""
        if not self.size_bytes:
            return Level.ALERT, f"{self.path} is empty"
        if self.age < -SKEW:
            return Level.WARN, f"{self.path} is from the future, one of the clocks is wrong"
        minutes = timedelta(minutes=max(0, self.age // timedelta(minutes=1)))
        words = f"{duration.text(minutes)} old, {size(self.size_bytes)}, {self.path}"
        return system.thresholds.backup_age.level(self.age), words


@dataclass(frozen=True)
class Largest:
    """The largest files below the system's directory; what to make of them is for a person."""

    files: tuple[tuple[int, str], ...]

    def judged(self, _: System) -> Judged:
        """Show them."""
        return Level.OK, "\n".join(f"{size(size_bytes)} {path}" for size_bytes, path in self.files)


def size(size_bytes: float) -> str:
    """Write a number of bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:
            return f"{size_bytes:.0f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.1f} GiB"
