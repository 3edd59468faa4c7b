"""The numbers of `fab check` and `fab watch`: which metrics of CloudWatch each is made of, asked for all at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from handrail.ecs.metrics import Point, Query, read
from handrail.model.cloud_vitals import Busy, CacheInUse, InUse, Missing, Nothing, Storage, Unjudged
from handrail.model.vitals import Connections, Traffic, size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from handrail.ecs.place import Place
    from handrail.ecs.stores import Cache, Database, Stores
    from handrail.model.slot import Slot
    from handrail.model.vitals import Vital

Points = dict[str, list[Point]]
"""Those of each metric of a number."""

# What is counted is told a minute or two later: a shorter look back would find nothing.
LEAST_SECONDS = 300
BALANCER, TASKS, RDS, ELASTICACHE = "AWS/ApplicationELB", "AWS/ECS", "AWS/RDS", "AWS/ElastiCache"


@dataclass(frozen=True)
class Number:
    """One number: of which check, of what and where; its metrics, and what they make once there are points of all."""

    check: str
    what: str
    where: str
    metrics: Mapping[str, Query]
    made: Callable[[Points], Vital]
    # Without one of these nothing can be said; of the others, none is zero.
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Subject:
    """What is measured: a place, its live slot, its services, its datastores, and who stands for the cluster."""

    place: Place
    live: Slot
    services: Sequence[str]
    stores: Stores
    host: str
    # What the description says of the database: most connections, and how many instances have a pool.
    most_connections: int = 0
    pools: int = 0


@dataclass(frozen=True)
class Measured:
    """A number as it was found."""

    check: str
    what: str
    where: str
    vital: Vital


def measured(client: Any, subject: Subject, checks: Collection[str], *, since: float, until: float) -> list[Measured]:
    """Ask CloudWatch once, and give the numbers of these checks. Moments are seconds since 1970."""
    over = timedelta(seconds=round(until - since))
    wanted = [number for number in _numbers(subject, over) if number.check in checks]
    queries = {(n, metric): query for n, number in enumerate(wanted) for metric, query in number.metrics.items()}
    points = read(client, queries, since=since, until=until)
    found = []
    for n, number in enumerate(wanted):
        mine = {metric: points[n, metric] for metric in number.metrics}
        lacking = tuple(metric for metric in number.needed if not mine[metric])
        vital = Missing(lacking, over) if lacking else number.made(mine)
        found.append(Measured(number.check, number.what, number.where, vital))
    return found


def _numbers(subject: Subject, over: timedelta) -> Iterator[Number]:
    for name in subject.services:
        yield from _of_service(subject, name, over)
    for database in subject.stores.databases:
        if database.there:
            yield from _of_database(subject, database, over)
    for cache in subject.stores.caches:
        yield from _of_cache(cache, over)
    yield _traffic(subject)


def _of_service(subject: Subject, name: str, over: timedelta) -> Iterator[Number]:
    where = {"ClusterName": subject.place.cluster, "ServiceName": subject.place.service(name, subject.live)}
    cpu, memory = Query(TASKS, "CPUUtilization", where), Query(TASKS, "MemoryUtilization", where)
    yield _one("cpu", name, subject.host, cpu, lambda points: Busy(_mean(points), over))
    yield _one("memory", name, subject.host, memory, lambda points: InUse(_mean(points)))


def _of_database(subject: Subject, database: Database, over: timedelta) -> Iterator[Number]:
    where, name, store = {"DBInstanceIdentifier": database.identifier}, database.identifier, database.store
    cpu, free = Query(RDS, "CPUUtilization", where), Query(RDS, "FreeableMemory", where)
    disk, taken = Query(RDS, "FreeStorageSpace", where, "Minimum"), Query(RDS, "DatabaseConnections", where)

    def memory(points: list[Point]) -> Vital:
        left, all_of_it = points[-1].value, database.memory_bytes
        if not all_of_it:
            return Unjudged(f"{size(left)} available; how much a {database.kind} has is not known")
        return InUse(max(0.0, 100 - left * 100 / all_of_it), left)

    def connections(points: list[Point]) -> Vital:
        now = round(points[-1].value)
        if not subject.most_connections:
            return Unjudged(f"{now} connections; aws.database.max_connections is not described")
        return Connections(None, now, subject.most_connections, 0 if database.copy_of else subject.pools)

    yield _one("cpu", store, name, cpu, lambda points: Busy(_mean(points), over))
    yield _one("memory", store, name, free, memory)
    yield _one(
        "disk", store, name, disk, lambda points: Storage(points[-1].value, database.size_bytes, database.most_bytes)
    )
    yield _one("connections", store, name, taken, connections)


def _of_cache(cache: Cache, over: timedelta) -> Iterator[Number]:
    for node in cache.nodes:
        where = {"CacheClusterId": node}
        cpu = Query(ELASTICACHE, "CPUUtilization", where)
        memory = Query(ELASTICACHE, "DatabaseMemoryUsagePercentage", where)
        yield _one("cpu", cache.store, node, cpu, lambda points: Busy(_mean(points), over))
        yield _one("memory", cache.store, node, memory, lambda points: InUse(points[-1].value))
        yield _one("cache", cache.store, node, memory, lambda points: CacheInUse(points[-1].value))


def _one(check: str, what: str, where: str, query: Query, made: Callable[[list[Point]], Vital]) -> Number:
    """Describe a number that is made of one metric."""
    metric = query.metric
    return Number(check, what, where, {metric: query}, lambda points: made(points[metric]), (metric,))


def _traffic(subject: Subject) -> Number:
    metrics = {
        metric: Query(BALANCER, metric, subject.place.balancer, statistic)
        for metric, statistic in (
            ("RequestCount", "Sum"), ("HTTPCode_Target_5XX_Count", "Sum"), ("HTTPCode_ELB_5XX_Count", "Sum"),
            ("HTTP_Fixed_Response_Count", "Sum"), ("TargetResponseTime", "p95"),
        )
    }  # fmt: skip
    return Number("traffic", "", subject.host, metrics, traffic)


def traffic(points: Points) -> Vital:
    """Make one number of what the load balancer counted; what it does not tell, it did not count.

    RequestCount has the requests that a target was chosen for; one that met no target is an error of the balancer's
    alone. The hold page is a fixed response, which may be among those errors and is none.
    """
    requests, targets, balancer, held = (
        round(sum(point.value for point in points[metric]))
        for metric in (
            "RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "HTTP_Fixed_Response_Count",
        )
    )  # fmt: skip
    failed = targets + max(0, balancer - held)
    if not any(points.values()):
        return Nothing("no requests, as far as CloudWatch has counted them by now")
    return Traffic(max(requests, failed), failed, round(_p95(points) * 1000), held)


def _p95(points: Points) -> float:
    """Give p95 of the whole time: that of each minute, and a minute counts by its requests."""
    count = {point.at: point.value for point in points["RequestCount"]}
    times = [(point.value, count.get(point.at, 0.0)) for point in points["TargetResponseTime"]]
    whole = sum(requests for _, requests in times)
    return (
        sum(value * requests for value, requests in times) / whole if whole else max((v for v, _ in times), default=0)
    )


def _mean(points: list[Point]) -> float:
    return sum(point.value for point in points) / len(points)
