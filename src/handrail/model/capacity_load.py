"""What a service on ECS had to do, by slot, and what its database has room for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handrail.model.series import Series, highest, total

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.aws import Tasks
    from handrail.model.capacity import Rule
    from handrail.model.series import Stretch
    from handrail.model.service import Instances

# How many ran is a minute's mean: one that is replaced in it leaves a little less.
REPLACED = 0.5


@dataclass(frozen=True)
class Load:
    """What one slot of a service had to do; `tasks` is how many ran."""

    cpu: Series = field(default_factory=Series)
    memory: Series = field(default_factory=Series)
    p95: Series = field(default_factory=Series)
    queue: Series = field(default_factory=Series)
    tasks: Series = field(default_factory=Series)

    def of(self, rule: Rule) -> Series:
        """Give the number that a rule is about."""
        found: Series = getattr(self, rule.metric)
        return found


@dataclass(frozen=True)
class Room:
    """What a database has room for: connections, of which each task opens some, in both slots during a deploy."""

    store: str
    most: float
    needed: float
    each: float | None
    full: bool = False

    def fits(self, more: int) -> bool:
        """Tell whether so many more tasks find their connections."""
        return not self.full and self.needed + 2 * more * (self.each or 0) <= self.most

    def words(self, more: int) -> str:
        """Say why not."""
        if self.full or self.each is None:
            return f"first {self.store}: it has no room for the connections of more tasks"
        return (
            f"first {self.store}: {more} more tasks would need up to {self.needed + 2 * more * self.each:.0f} "
            f"connections while a deploy has both slots up, and {self.most:.0f} are good"
        )


@dataclass(frozen=True)
class Service:
    """A service as it is described, and its load by slot; `wanted` is how many tasks ECS is to run now."""

    name: str
    tasks: Tasks
    limits: Instances
    slots: Mapping[str, Load]
    memory: Rule
    wanted: int = 0
    room: Room | None = None

    @property
    def cpu(self) -> Series:
        """CPU of the busier slot."""
        return highest(load.cpu for load in self.slots.values())

    @property
    def count(self) -> Series:
        """Tasks of the busier slot: the other may be warm, with as many or more."""
        found: dict[int, tuple[float, float]] = {}
        for load in self.slots.values():
            for at, ran in load.tasks.values.items():
                busy = (load.cpu.values.get(at, 0.0), ran)
                found[at] = max(busy, found.get(at, busy))
        return Series(
            {at: ran for at, (_, ran) in found.items()}, total(load.tasks for load in self.slots.values()).period
        )

    def passed(self, rule: Rule) -> list[tuple[Load, Stretch]]:
        """List when a rule was passed in a slot: each slot has alarms of its own."""
        return [
            (load, stretch)
            for load in self.slots.values()
            for stretch in load.of(rule).stretches(rule.over, rule.minutes)
        ]

    def limited(self, rule: Rule) -> list[Stretch]:
        """List when a rule was passed by as many tasks as there may be: nothing more could be started."""
        return [
            stretch
            for load in self.slots.values()
            for stretch in load.of(rule)
            .where(load.tasks, self.limits.max - REPLACED)
            .stretches(rule.over, rule.minutes)
        ]
