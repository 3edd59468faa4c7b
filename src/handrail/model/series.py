"""A number over time, and for how long it was above a limit: counted as CloudWatch's alarms count."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MINUTE = 60


@dataclass(frozen=True)
class Stretch:
    """A time without a gap, in seconds since 1970: `end` is the end of its last period."""

    begin: int
    end: int
    peak: float

    @property
    def minutes(self) -> int:
        """How long it was."""
        return (self.end - self.begin) // MINUTE


@dataclass(frozen=True)
class Series:
    """A value for each period that has one, by the second since 1970 at which it begins; what is not there is a gap."""

    values: Mapping[int, float] = field(default_factory=dict)
    period: int = MINUTE

    @property
    def known(self) -> bool:
        """Whether there is any value."""
        return bool(self.values)

    @property
    def peak(self) -> float:
        """The highest value; 0 without any."""
        return max(self.values.values(), default=0.0)

    @property
    def seconds(self) -> int:
        """How long it is known: gaps do not count."""
        return len(self.values) * self.period

    def stretches(self, over: float, minutes: int) -> tuple[Stretch, ...]:
        """Find when it was above a limit for so many minutes on end.

        The limit itself is not above it, and a gap ends a stretch: alarms of ours take what is missing as good.
        """
        needed = max(1, math.ceil(minutes * MINUTE / self.period))
        runs: list[list[int]] = []
        for at in sorted(self.values):
            if self.values[at] <= over:
                continue
            if runs and at - runs[-1][-1] == self.period:
                runs[-1].append(at)
            else:
                runs.append([at])
        return tuple(
            Stretch(run[0], run[-1] + self.period, max(self.values[at] for at in run))
            for run in runs
            if len(run) >= needed
        )

    def during(self, stretch: Stretch) -> Series:
        """Give the part of it that is inside a stretch."""
        return self._only(at for at in self.values if stretch.begin <= at < stretch.end)

    def where(self, other: Series, least: float) -> Series:
        """Give the part of it at which another number was no less than `least`; not where that one has a gap."""
        return self._only(at for at in self.values if other.values.get(at, -math.inf) >= least)

    def _only(self, moments: Iterable[int]) -> Series:
        return Series({at: self.values[at] for at in moments}, self.period)


def highest(several: Iterable[Series]) -> Series:
    """Give the highest of several at each moment that any has."""
    return _joined(several, max)


def total(several: Iterable[Series]) -> Series:
    """Add several; one that has a gap counts as nothing there."""
    return _joined(several, operator.add)


def _joined(several: Iterable[Series], join: Callable[[float, float], float]) -> Series:
    found: dict[int, float] = {}
    period = MINUTE
    for series in several:
        # One without any value has no say in how far apart they are.
        period = series.period if series.known else period
        for at, value in series.values.items():
            found[at] = join(found[at], value) if at in found else value
    return Series(found, period)
