"""Is there enough of everything, and not too much? What a system's load says of its limits, and what to change.

The rules are those that let AWS's own scaling start one more task (`terraform/modules/compute/autoscaling.tf`): CPU,
p95 and the queue, each above its number for so many minutes on end. As long as scaling gets on with that, nothing is to
be changed; this finds where it cannot, or does not, or where there is more than anybody needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from handrail.model.series import Series

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handrail.model.aws import Tasks

# Terraform's alarm of p95 looks at as many minutes.
P95_MINUTES = 5
# What is in percent; p95 is in seconds, the others are counted.
PERCENT = frozenset({"cpu", "memory"})


class Verdict(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    CHANGE = "change"
    LIMIT = "limit"

    @property
    def code(self) -> int:
        """0, 1 or 2: the exit code of `fab capacity`."""
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Rule:
    """A number, and for how many minutes on end it may be passed."""

    metric: str
    over: float
    minutes: int

    def words(self) -> str:
        """Say what is too much."""
        return f"{self.name} above {shown(self.metric, self.over)} for {self.minutes} min"

    @property
    def name(self) -> str:
        """What people call it."""
        return "CPU" if self.metric == "cpu" else self.metric


@dataclass(frozen=True)
class Change:
    """A line of the YAML, as it is and as it would be; a key that is no path is a command."""

    key: str
    now: str
    then: str


@dataclass(frozen=True)
class Advice:
    """What to do about one part, and why."""

    verdict: Verdict
    why: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Size:
    """What runs of one part: how many at least and at most, and what each has; None of what is not known."""

    least: int
    most: int
    vcpu: float | None
    gib: float | None

    def json(self) -> dict[str, Any]:
        """Give it for machines, with the sums."""
        sums = {
            f"{what}_{name}": None if each is None else number * each
            for what, each in (("vcpu", self.vcpu), ("gib", self.gib))
            for name, number in (("least", self.least), ("most", self.most))
        }
        return {"least": self.least, "most": self.most, "vcpu": self.vcpu, "gib": self.gib} | sums


@dataclass(frozen=True)
class Hours:
    """Hours of tasks a day: measured, those of them in the idle slot, and what they would have been."""

    now: float
    idle: float
    then: float


@dataclass(frozen=True)
class Seen:
    """One number of a part: the series that is plotted, its rule, and for how many minutes that was passed."""

    series: Series
    rule: Rule
    minutes: int


@dataclass(frozen=True)
class Part:
    """One service or datastore: what was seen, what to do, and what that costs."""

    name: str
    kind: str
    seen: Mapping[str, Seen]
    advices: tuple[Advice, ...]
    now: Size
    then: Size
    tasks: Series = field(default_factory=Series)
    hours: Hours | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of them."""
        return worst(advice.verdict for advice in self.advices)


@dataclass(frozen=True)
class Capacity:
    """A system in one environment over a time."""

    system: str
    environment: str
    since: int
    until: int
    period: int
    parts: tuple[Part, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all parts."""
        return worst(part.verdict for part in self.parts)


def rules(tasks: Tasks) -> tuple[Rule, ...]:
    """List what lets AWS start one more task of a service."""
    grow = tasks.grow
    found = [Rule("cpu", grow.cpu, minutes(grow.lasts.total_seconds()))]
    found += [Rule("p95", grow.p95.total_seconds(), P95_MINUTES)] if grow.p95 else []
    found += [Rule("queue", grow.queue.over, minutes(grow.queue.lasts.total_seconds()))] if grow.queue else []
    return tuple(found)


def minutes(seconds: float) -> int:
    """Round as Terraform is told."""
    return max(1, round(seconds / 60))


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the worst; of nothing, NOTHING."""
    return max(verdicts, key=lambda verdict: verdict.code, default=Verdict.NOTHING)


def shown(metric: str, value: float) -> str:
    """Write a number with its unit."""
    if metric in PERCENT:
        return f"{value:.0f} %" if value >= 10 or value == int(value) else f"{value:.1f} %"
    if metric == "p95":
        return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
    return f"{value:.0f}"
