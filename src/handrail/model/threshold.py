"""Thresholds: above which number something is a WARN, and above which an ALERT."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from handrail.model import duration
from handrail.model.branch import at
from handrail.model.duration import SomeTime
from handrail.model.finding import Finding
from handrail.model.level import Level, worst
from handrail.model.notation import Whole
from handrail.model.value import Value, unfit


def _percent(raw: object) -> object:
    if not isinstance(raw, int | float) or isinstance(raw, bool) or not 0 <= raw <= 100:
        raise unfit("a number from 0 to 100")
    return raw


Percent = Annotated[float, BeforeValidator(_percent), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100})]


class PercentThreshold(Value):
    """Both in percent, `warn` below `alert`."""

    warn: Percent = Field(description="More is a WARN.")
    alert: Percent = Field(description="More is an ALERT.")

    def level(self, percent: float) -> Level:
        """Judge a number; the threshold itself is still good."""
        return _level(percent, self.warn, self.alert)


class TimeThreshold(Value):
    """Two durations, `warn` below `alert`."""

    warn: SomeTime = Field(description="More is a WARN.")
    alert: SomeTime = Field(description="More is an ALERT.")

    def level(self, span: timedelta) -> Level:
        """Judge a span of time."""
        return _level(span / timedelta(seconds=1), self.warn.total_seconds(), self.alert.total_seconds())


class CountThreshold(Value):
    """Two whole numbers, `warn` below `alert`."""

    warn: Annotated[int, Whole(0, 1_000_000)] = Field(description="More is a WARN.")
    alert: Annotated[int, Whole(0, 1_000_000)] = Field(description="More is an ALERT.")

    def level(self, count: int) -> Level:
        """Judge a number."""
        return _level(count, self.warn, self.alert)


class PoolThreshold(PercentThreshold):
    """In percent of the pools of all instances that run and need the datastore."""

    size: Annotated[int, Whole(1, 10_000)] = Field(description="Connections of one instance's pool.")


class ConnectionThreshold(Value):
    """Each that is given is judged; the first two are in percent of PostgreSQL's max_connections."""

    warn: Percent = Field(default=80, description="More open connections are a WARN.")
    alert: Percent = Field(default=90, description="More are an ALERT.")
    active: CountThreshold | None = Field(default=None, description="How many are in the state `active`.")
    pool: PoolThreshold | None = Field(default=None, description="Open connections, beside those that pools may open.")

    def level(self, percent: float, *, active: int, pool_percent: float) -> Level:
        """Judge all three, and give the worst."""
        levels = [_level(percent, self.warn, self.alert)]
        levels += [self.active.level(active)] if self.active else []
        levels += [self.pool.level(pool_percent)] if self.pool else []
        return worst(levels)


def _level(number: float, warn: float, alert: float) -> Level:
    if number > alert:
        return Level.ALERT
    return Level.WARN if number > warn else Level.OK


class Thresholds(Value):
    """What `fab check` and `fab watch` judge by. Whoever changes one gives both of its numbers."""

    cpu: PercentThreshold = Field(
        default=PercentThreshold(warn=70, alert=90), description="Processors of a host that are busy."
    )
    memory: PercentThreshold = Field(
        default=PercentThreshold(warn=80, alert=90), description="Memory of a host that is in use."
    )
    disk: PercentThreshold = Field(
        default=PercentThreshold(warn=80, alert=90), description="Space, or inodes, of a file system that is in use."
    )
    p95: TimeThreshold = Field(
        default=TimeThreshold(warn=timedelta(milliseconds=500), alert=timedelta(seconds=1)),
        description="Time within which 95 of 100 answers of the edge come.",
    )
    errors: PercentThreshold = Field(
        default=PercentThreshold(warn=1, alert=5), description="Answers of the edge with a status of 500 or more."
    )
    over: SomeTime = Field(
        default=timedelta(minutes=5), description="How far back `fab check` looks at the answers of the edge."
    )
    connections: ConnectionThreshold = Field(
        default=ConnectionThreshold(), description="Connections to PostgreSQL: a share of what it takes, or a number."
    )
    redis_memory: PercentThreshold = Field(
        default=PercentThreshold(warn=80, alert=90),
        description="Memory of Redis, in percent of its maxmemory; not judged without one.",
    )
    error_lines: CountThreshold = Field(
        default=CountThreshold(warn=10, alert=100),
        description="Lines that speak of an error in 24 hours of the log of a service or a datastore on a host.",
    )
    backup_age: TimeThreshold = Field(
        default=TimeThreshold(warn=timedelta(hours=26), alert=timedelta(hours=50)),
        description="Age of the newest dump; the defaults are for one each night.",
    )
    lists_age: TimeThreshold = Field(
        default=TimeThreshold(warn=timedelta(days=7), alert=timedelta(days=30)),
        description="How long ago a host asked which updates there are.",
    )


def order(data: Any) -> Iterator[Finding]:
    """Find a WARN that is not below its ALERT: it would never be seen."""
    usual = ConnectionThreshold()
    for name in at(data, "thresholds"):
        limits = at(data, "thresholds", name)
        if name == "connections":
            limits = {"warn": usual.warn, "alert": usual.alert} | limits
            for part in ("active", "pool"):
                yield from _order(at(limits, part), ("thresholds", name, part))
        yield from _order(limits, ("thresholds", name))


def _order(limits: dict[str, Any], path: tuple[str, ...]) -> Iterator[Finding]:
    warn, alert = _number(limits.get("warn")), _number(limits.get("alert"))
    if warn is not None and alert is not None and warn >= alert:
        yield Finding((*path, "warn"), f"less than alert, which is {limits['alert']}")


def _number(raw: Any) -> float | None:
    """Read a number or a duration; what is neither has a complaint of its own."""
    if isinstance(raw, str):
        try:
            return duration.parse(raw).total_seconds()
        except ValueError:
            return None
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None
