"""What is known of a system's databases on RDS: which one services are told of, its copies, a failover under way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.slot import Slot

AVAILABLE = "available"
# States in which RDS says that a database answers, besides `available`:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
ANSWERING = frozenset({AVAILABLE, "backing-up", "storage-optimization"})
# A measurement that is older says nothing of now; CloudWatch has one a minute.
FRESH_SECONDS = 300


@dataclass(frozen=True)
class Instance:
    """One instance; `source` is what it is a copy of, `keeps_days` how long RDS keeps backups of it."""

    identifier: str
    status: str
    address: str = ""
    source: str = ""
    keeps_days: int = 0

    @property
    def waits(self) -> bool:
        """Whether it is a replica that nobody has begun to promote."""
        return self.status == AVAILABLE and bool(self.source)

    @property
    def answers(self) -> bool:
        """Whether RDS says that it can be used."""
        return self.status in ANSWERING


@dataclass(frozen=True)
class Lag:
    """How many seconds a copy was behind, measured at a moment, which is so old by now; moments are since 1970."""

    seconds: float
    at: float
    age: float = 0.0

    @property
    def until(self) -> float:
        """Up to which moment the copy has everything."""
        return self.at - self.seconds


@dataclass(frozen=True)
class Promotion:
    """A failover that has begun, as the ledger has it: what a second run needs to go on.

    `held` is traffic that somebody else held before, `counts` are the tasks that there were. `asked`: RDS was asked to
    promote, and there is no way back.
    """

    new: str
    old: str
    address: str = ""
    held: bool = False
    asked: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Databases:
    """All of it. `now` is what services are told of, and `slots` what those of each slot were told of."""

    now: str
    address: str = ""
    instances: Mapping[str, Instance] = field(default_factory=dict)
    lag: Lag | None = None
    allowed_seconds: float = 0.0
    slots: Mapping[Slot, str] = field(default_factory=dict)

    @property
    def current(self) -> Instance | None:
        """The database that services are told of; None where RDS has none by that name any more."""
        return self.instances.get(self.now)

    @property
    def copy(self) -> Instance | None:
        """What can be promoted: a replica, or the database itself where it is a copy of another region's."""
        if self.current is not None and self.current.source:
            return self.current
        copies = [each for each in self.instances.values() if each.source == self.now]
        return min(copies, key=lambda each: (not each.answers, each.identifier), default=None)
