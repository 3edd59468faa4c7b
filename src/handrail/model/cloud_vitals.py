"""What AWS tells of a system that runs there, each judged by the system's thresholds as the numbers of hosts are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.model import duration, moment
from handrail.model.databases import ANSWERING
from handrail.model.level import Level, worst
from handrail.model.restarts import RECENT
from handrail.model.vitals import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.slot import Slot
    from handrail.model.system import System
    from handrail.model.vitals import Judged

# The last one is a cache's word for it.
SERVES = ANSWERING | {"snapshotting"}
# What a database does not come out of by itself; whatever else AWS says passes.
DEAD = ("stopp", "fail", "storage-full", "inaccessible", "incompatible", "restore-error", "insufficient", "delet")
# Nothing that AWS says: it has no such thing.
ABSENT = "absent"
# RDS promises a moment of the last five minutes.
LATE = timedelta(minutes=30)
# ACM renews its own 60 days before their end, and writes to their owner at 45 days if it could not.
ACM_IS_LATE = timedelta(days=45)


@dataclass(frozen=True)
class Missing:
    """A number that CloudWatch does not have: nobody knows what it is, so it is not OK."""

    metrics: tuple[str, ...]
    over: timedelta

    def judged(self, _: System) -> Judged:
        """Say which."""
        return Level.WARN, f"CloudWatch has no {', '.join(self.metrics)} of the last {duration.text(self.over)}"


@dataclass(frozen=True)
class Nothing:
    """Nothing that could be judged, and why that is no fault."""

    reason: str

    def judged(self, _: System) -> Judged:
        """Give the reason."""
        return Level.OK, self.reason


@dataclass(frozen=True)
class Ended:
    """A task that ended and was not told to: how long ago, and why."""

    ago: timedelta
    why: str


@dataclass(frozen=True)
class Tasks:
    """The tasks of a service in the live slot, and those that ended in the last hour: ECS keeps them no longer.

    `healthy` are those that the load balancer finds so; None where ECS calls the service steady, which says the same.
    """

    slot: Slot
    running: int
    wanted: int
    healthy: int | None = None
    given_up: bool = False
    ended: tuple[Ended, ...] = ()

    def judged(self, _: System) -> Judged:
        """Judge them: none that serves, or one that ended a short time ago, is an ALERT."""
        healthy = self.running if self.healthy is None else self.healthy
        dead = not healthy or self.given_up or any(each.ago < RECENT for each in self.ended)
        fewer = min(self.running, healthy) < self.wanted
        level = Level.ALERT if dead else Level.WARN if fewer or self.ended else Level.OK
        return level, ", ".join(self._words())

    def _words(self) -> Iterator[str]:
        yield f"{self.running} of {self.wanted} tasks on {self.slot}"
        if self.healthy is not None:
            yield f"{self.healthy} of them healthy"
        if self.given_up:
            yield "ECS has given up starting them"
        if self.ended:
            last = min(self.ended, key=lambda each: each.ago)
            count = f"{len(self.ended)} tasks" if len(self.ended) > 1 else "one task"
            yield f"{count} ended within an hour, the last {moment.span(last.ago)} ago: {last.why}"


@dataclass(frozen=True)
class Store:
    """A database or a cache as AWS describes it."""

    status: str
    words: str

    @property
    def serves(self) -> bool:
        """Whether it answers."""
        return self.status in SERVES

    def judged(self, _: System) -> Judged:
        """Judge its status."""
        text = f"{self.status}, {self.words}" if self.words else self.status
        if self.serves:
            return Level.OK, text
        return Level.ALERT if any(word in self.status for word in (*DEAD, ABSENT)) else Level.WARN, text


@dataclass(frozen=True)
class Busy:
    """CPU in percent, on the average."""

    percent: float
    over: timedelta

    def judged(self, system: System) -> Judged:
        """Judge the percentage."""
        return system.thresholds.cpu.level(self.percent), f"{self.percent:.0f} % busy over {duration.text(self.over)}"


@dataclass(frozen=True)
class InUse:
    """Memory in percent; `free_bytes` where AWS tells them."""

    percent: float
    free_bytes: float | None = None

    def judged(self, system: System) -> Judged:
        """Judge the percentage."""
        free = "" if self.free_bytes is None else f", {size(self.free_bytes)} available"
        return system.thresholds.memory.level(self.percent), f"{self.percent:.0f} % in use{free}"


@dataclass(frozen=True)
class Unjudged:
    """A number without the one that it would have to be compared with."""

    words: str

    def judged(self, _: System) -> Judged:
        """Show it."""
        return Level.WARN, f"{self.words}; not judged"


@dataclass(frozen=True)
class Storage:
    """The disk of a database; it may grow to `most_bytes` by itself, 0 where it may not."""

    free_bytes: float
    size_bytes: int
    most_bytes: int = 0

    def judged(self, system: System) -> Judged:
        """Judge what is in use of the disk as it is now."""
        percent = 100 - self.free_bytes * 100 / self.size_bytes
        grows = f", may grow to {size(self.most_bytes)}" if self.most_bytes > self.size_bytes else ""
        words = f"{percent:.0f} % in use, {size(self.free_bytes)} of {size(self.size_bytes)} available{grows}"
        return system.thresholds.disk.level(percent), words


@dataclass(frozen=True)
class CacheInUse:
    """Memory of a Redis in percent of what it may have."""

    percent: float

    def judged(self, system: System) -> Judged:
        """Judge the percentage."""
        return system.thresholds.redis_memory.level(self.percent), f"{self.percent:.0f} % of its memory in use"


@dataclass(frozen=True)
class Snapshots:
    """What RDS could be restored from: its newest automated snapshot, and its newest moment; None without one."""

    keep_days: int
    snapshot: timedelta | None
    restorable: timedelta | None

    def judged(self, system: System) -> Judged:
        """Judge the age of both."""
        if not self.keep_days:
            return Level.ALERT, "AWS takes no backups of it: it keeps them for 0 days"
        limits = system.thresholds.backup_age
        if self.snapshot is None:
            words, levels = "no automated snapshot yet", [Level.ALERT]
        else:
            words, levels = f"snapshot {moment.span(self.snapshot)} old", [limits.level(self.snapshot)]
        if self.restorable is None:
            return Level.ALERT, f"{words}, no moment that it could be restored to"
        levels += [limits.level(self.restorable), Level.WARN if self.restorable > LATE else Level.OK]
        return worst(levels), f"{words}, can be restored to {moment.span(self.restorable)} ago, kept {self.keep_days}d"


@dataclass(frozen=True)
class Served:
    """A certificate that the load balancer has; `renewal` is ACM's word for its own attempt, if it made one."""

    status: str
    left: timedelta
    life: timedelta
    by_acm: bool
    renewal: str = ""

    def judged(self, system: System) -> Judged:
        """Judge what is left. One that ACM renews by itself is well until ACM is late with it."""
        if self.status != "ISSUED":
            return Level.ALERT, f"ACM says {self.status}"
        days = f"{max(0, self.left.days)} days left"
        if self.left <= timedelta():
            return Level.ALERT, "has run out"
        if self.renewal == "FAILED":
            return Level.ALERT, f"{days}, and ACM could not renew it"
        if self.by_acm and self.left > ACM_IS_LATE:
            return Level.OK, f"{days}, then ACM renews it"
        level = system.certificates.level(self.left, life=self.life)
        waits = f", its renewal is {self.renewal}" if self.renewal else ""
        return level, f"{days}{waits}"
