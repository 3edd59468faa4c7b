"""Databases and caches: large enough, and not too large. Nothing of these grows by itself but the disk."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from handrail.model import instance_class
from handrail.model.capacity import Advice, Change, Part, Rule, Seen, Size, Verdict, minutes, shown
from handrail.model.capacity_advice import WEEK_SECONDS
from handrail.model.capacity_load import Room
from handrail.model.series import Series, total

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handrail.model.aws import Alarms
    from handrail.model.aws_database import Cache, Database
    from handrail.model.capacity_load import Service
    from handrail.model.threshold import Thresholds

# The guide's: from here on a replica may take the reads.
READS_PER_WRITE = 4
# What RDS itself takes as max_connections, if nobody says another: the memory of the class in bytes, divided by that.
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
BYTES_A_CONNECTION, MOST_CONNECTIONS = 9_531_392, 5000
GIB = 1024**3
# max_connections is raised by so many, or a multiple.
STEP = 50
KEY = "aws.database"


@dataclass(frozen=True)
class Levels:
    """One number at its WARN and at its ALERT, as CloudWatch's alarms have it."""

    warn: Rule
    alert: Rule

    def verdict(self, series: Series) -> Verdict | None:
        """Tell whether one is passed."""
        if series.stretches(self.alert.over, self.alert.minutes):
            return Verdict.LIMIT
        return Verdict.CHANGE if series.stretches(self.warn.over, self.warn.minutes) else None


def levels(metric: str, thresholds: Thresholds, alarms: Alarms, *, factor: float = 1) -> Levels:
    """Give the levels of a metric; `factor` is how much one percent of it is."""
    limits, lasting = getattr(thresholds, metric), getattr(alarms, metric)
    warn, alert = (
        Rule(metric, factor * getattr(limits, name), minutes(getattr(lasting, name).total_seconds()))
        for name in ("warn", "alert")
    )
    return Levels(warn, alert)


@dataclass(frozen=True)
class DatabaseLoad:
    """A database as it is described, and its load; `free` is memory in bytes, `replica` the CPU of its copy."""

    database: Database
    cpu_levels: Levels
    connection_levels: Levels
    cpu: Series = field(default_factory=Series)
    connections: Series = field(default_factory=Series)
    free: Series = field(default_factory=Series)
    reads: Series = field(default_factory=Series)
    writes: Series = field(default_factory=Series)
    replica: Series = field(default_factory=Series)

    @property
    def reads_per_write(self) -> float:
        """How many reads the disk had for each write."""
        writes = sum(self.writes.values.values())
        return sum(self.reads.values.values()) / writes if writes else 0.0


def room(load: DatabaseLoad, services: Sequence[Service], *, pool: int | None) -> Room:
    """Tell what room its connections leave for tasks of the services that need it.

    Without a pool's size a task has as many as it had when there were the most.
    """
    rule = load.connection_levels.warn
    each = float(pool) if pool else _each(load.connections, services)
    most = sum(service.limits.max for service in services)
    needed = max(load.connections.peak, 2 * most * (each or 0))
    full = load.connection_levels.verdict(load.connections) is not None
    return Room(load.database.datastore, rule.over, needed, each, full=full)


def _each(connections: Series, services: Sequence[Service]) -> float | None:
    tasks = total(load.tasks for service in services for load in service.slots.values())
    known = [(count, tasks.values[at]) for at, count in connections.values.items() if tasks.values.get(at)]
    if not known:
        return None
    count, ran = max(known)
    return count / ran


def judge_database(load: DatabaseLoad) -> Part:
    """Say what to change about a database, and what that would cost."""
    database = load.database
    advices = sorted(_database(load), key=lambda advice: -advice.verdict.code)
    wanted = {change.key: change.then for advice in advices for change in advice.changes}
    copies = 1 + database.multi_zone + (database.replica or f"{KEY}.replica" in wanted)
    seen = {
        "cpu": _seen(load.cpu, load.cpu_levels), "connections": _seen(load.connections, load.connection_levels),
    }  # fmt: skip
    return Part(
        database.datastore, "database", seen, tuple(advices),
        _size(database.instance, 1 + database.multi_zone + database.replica),
        _size(wanted.get(f"{KEY}.instance", database.instance), copies),
    )  # fmt: skip


def _seen(series: Series, of: Levels) -> Seen:
    lasted = sum(stretch.minutes for stretch in series.stretches(of.warn.over, of.warn.minutes))
    return Seen(series, of.warn, lasted)


def _size(instance: str, count: int) -> Size:
    has = instance_class.power(instance)
    return Size(count, count, has.vcpu if has else None, has.gib if has else None)


def _database(load: DatabaseLoad) -> Iterator[Advice]:
    if not load.cpu.known:
        yield Advice(Verdict.CHANGE, "CloudWatch has no CPU of it: nothing can be said")
        return
    full, busy = load.connection_levels.verdict(load.connections), load.cpu_levels.verdict(load.cpu)
    if full:
        yield _connections(load, full)
    if busy:
        yield _busy(load, busy)
    if not full and not busy:
        yield _calm(load)


def _connections(load: DatabaseLoad, verdict: Verdict) -> Advice:
    """Advise room for more connections: before anything that opens more."""
    database, rule = load.database, load.connection_levels.warn
    peak, percent = load.connections.peak, rule.over / database.max_connections
    then = max(math.ceil(peak / percent / STEP) * STEP, database.max_connections + STEP)
    changes = [Change(f"{KEY}.max_connections", str(database.max_connections), str(then))]
    why = f"{rule.words()}: {peak:.0f} of {database.max_connections}; raise it before any task is added, and reboot"
    has = instance_class.power(database.instance)
    if has and then > bearable(has.gib):
        larger = instance_class.with_more(database.instance, gib=then * BYTES_A_CONNECTION / GIB)
        if larger is None:
            return Advice(verdict, f"{why}; no class bears {then}: have fewer in each pool, or RDS Proxy in between")
        changes.append(Change(f"{KEY}.instance", database.instance, larger))
        why += f"; {database.instance} has memory for {bearable(has.gib)}"
    return Advice(verdict, why, tuple(changes))


def bearable(gib: float) -> int:
    """Tell how many connections RDS would let a class of so much memory have."""
    return min(int(gib * GIB / BYTES_A_CONNECTION), MOST_CONNECTIONS)


def _busy(load: DatabaseLoad, verdict: Verdict) -> Advice:
    """Advise a replica where it could take the reads, and a larger class otherwise."""
    database, rule = load.database, load.cpu_levels.warn
    why = f"{rule.words()}, {shown('cpu', load.cpu.peak)} at most"
    has = instance_class.power(database.instance)
    larger = instance_class.with_more(database.instance, vcpu=has.vcpu) if has else None
    many = load.reads_per_write > READS_PER_WRITE
    ratio = f"its disk reads {load.reads_per_write:.1f} times for each write"
    if many and not database.replica:
        or_else = f", or else {larger}" if larger else ""
        why += f"; {ratio}: a replica helps if the program reads from it{or_else}"
        return Advice(verdict, why, (Change(f"{KEY}.replica", "false", "true"),))
    if many and load.replica.known and load.replica.peak < rule.over / 2:
        why += f"; {ratio}, and the replica is at {shown('cpu', load.replica.peak)} at most: it could take reads"
    if larger is None:
        return Advice(verdict, f"{why}; take the next larger class: none is known here after {database.instance}")
    return Advice(verdict, why, (Change(f"{KEY}.instance", database.instance, larger),))


def _calm(load: DatabaseLoad) -> Advice:
    """Advise a smaller class where half of the processors and of the memory would do."""
    database, over = load.database, load.cpu_levels.warn.over
    why = f"CPU was at {shown('cpu', load.cpu.peak)} at most"
    if load.connections.known:
        why += f", {load.connections.peak:.0f} of {database.max_connections} connections were open"
    smaller, has = instance_class.below(database.instance), instance_class.power(database.instance)
    less = instance_class.power(smaller) if smaller else None
    fits = (
        smaller is not None and has is not None and less is not None and load.free.known
        and load.cpu.peak < over / 2 and load.cpu.seconds >= WEEK_SECONDS
        and min(load.free.values.values()) >= has.gib * GIB / 2
        and bearable(less.gib) >= database.max_connections
    )  # fmt: skip
    if smaller is None or not fits:
        return Advice(Verdict.NOTHING, why)
    changes = (Change(f"{KEY}.instance", database.instance, smaller),)
    return Advice(Verdict.CHANGE, f"{why}, and half of its memory was never used", changes)


def judge_cache(name: str, cache: Cache, memory: Series, of: Levels) -> Part:
    """Say the same of a cache: it is its memory that runs out."""
    verdict = of.verdict(memory)
    if not memory.known:
        advice = Advice(Verdict.CHANGE, "CloudWatch has no memory of it: nothing can be said")
    elif verdict is None:
        advice = Advice(Verdict.NOTHING, f"memory was at {shown('memory', memory.peak)} at most")
    else:
        advice = _larger_cache(cache, of.warn, memory.peak, verdict)
    then = next((change.then for change in advice.changes), cache.node)
    # What a node has for data is not the memory of its class.
    now, after = (replace(_size(node, 1 + cache.replicas), gib=None) for node in (cache.node, then))
    return Part(name, "cache", {"memory": _seen(memory, of)}, (advice,), now, after)


def _larger_cache(cache: Cache, rule: Rule, peak: float, verdict: Verdict) -> Advice:
    why = f"{rule.words()}, {shown('memory', peak)} at most"
    has = instance_class.power(cache.node)
    larger = instance_class.with_more(cache.node, gib=has.gib) if has else None
    if larger is None:
        return Advice(verdict, f"{why}; take the next larger node: none is known here after {cache.node}")
    return Advice(verdict, why, (Change("aws.cache.node", cache.node, larger),))
