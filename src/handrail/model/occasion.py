"""What is due: an occasion of a task and how many were missed before it, from what is known of its runs.

A run stands for all occasions that were missed until then: however many there were, it is caught up once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.model.when import HORIZON, occasions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from handrail.model.level import Level
    from handrail.model.schedule import Task

# What begins later than this was missed, and is caught up.
LATE = timedelta(minutes=15)
# Machines that share a store agree on the time to within this; a claim is taken over so long after its deadline.
SKEW = timedelta(minutes=2)


@dataclass(frozen=True)
class Past:
    """One run of a task as it was recorded; without `ended` it goes on, or died. `until` is when its claim is over."""

    task: str
    occasion: datetime
    started: datetime
    until: datetime
    who: str
    run: str = ""
    ended: datetime | None = None
    level: Level | None = None
    text: str = ""
    missed: int = 0
    # A statement that nobody made in time: the task is still open.
    open: bool = False

    def runs(self, now: datetime) -> bool:
        """Whether somebody is at it."""
        return self.ended is None and now < self.until

    def died(self, now: datetime) -> bool:
        """Whether it never ended, and its claim is over."""
        return self.ended is None and now >= self.until


@dataclass(frozen=True)
class Due:
    """An occasion that nobody has taken, and how many before it were missed."""

    occasion: datetime
    missed: int

    def late(self, at: datetime) -> timedelta:
        """How late it is; what a queue or a clock explains is not late."""
        return at - self.occasion if at - self.occasion > LATE else timedelta()


def due(task: Task, zone: ZoneInfo, past: Iterable[Past], *, since: datetime, now: datetime) -> Due | None:
    """Give the newest occasion that is due, if nobody has run it or is at the task.

    `since` is when the task was first seen: what was before that was never missed. An occasion whose run died is due
    again; one that is later stands for it, as for all that were missed.
    """
    known = list(past)
    if any(run.runs(now) for run in known):
        return None
    taken = (run.occasion for run in known if not run.died(now) and not run.open)
    # What was recorded ahead of this clock is no reason to do nothing until then.
    done = max((at for at in taken if at <= now), default=since)
    found = occasions(task.when, zone, after=max(done, since, now - timedelta(days=HORIZON)), until=now)
    if not found:
        return None
    # What a record has told of as missed, with its own occasion, is not told again.
    told = max((run.occasion for run in known if run.occasion < found[-1]), default=since)
    return Due(found[-1], sum(1 for each in found[:-1] if each > told))


def is_overdue(task: Task, found: Due | None, *, now: datetime) -> bool:
    """Whether something due has waited for longer than its deadline."""
    return found is not None and now - found.occasion > task.limit
