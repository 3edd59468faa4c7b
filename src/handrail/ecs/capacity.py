"""A system's load over a time, by CloudWatch: what AWS's own scaling and the alarms look at, all in one question."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.ecs.metrics import Point, Query, read
from handrail.ecs.traffic import NAMESPACE, of_group
from handrail.infra.ask import answers
from handrail.model.capacity_load import Load
from handrail.model.capacity_system import Loads
from handrail.model.series import Series
from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from handrail.ecs.cluster import Cluster

Key = tuple[str, str, str]
"""A part, its slot or nothing, and which of its numbers."""

OF_SERVICES, OF_DATABASES, OF_CACHES = "AWS/ECS", "AWS/RDS", "AWS/ElastiCache"
# Container Insights, which Terraform turns on for the cluster, count tasks.
OF_TASKS = "ECS/ContainerInsights"
DATABASE, REPLICA, CACHE = "@database", "@replica", "@cache"
# What a database is asked for; a copy of it for its CPU alone.
ASKED = {
    "cpu": ("CPUUtilization", "Average"),
    "connections": ("DatabaseConnections", "Average"),
    "free": ("FreeableMemory", "Minimum"),
    "reads": ("ReadIOPS", "Average"),
    "writes": ("WriteIOPS", "Average"),
}


def loads(cluster: Cluster, *, since: int, until: int, period: int) -> Loads:
    """Read the load of every service and datastore; moments are seconds since 1970, on whole periods."""
    asked = dict(_queries(cluster, period))
    with answers("to show CloudWatch's numbers", next_step="the right to cloudwatch:GetMetricData"):
        found = {
            key: _series(points, period)
            for key, points in read(cluster.clients.metrics, asked, since=since, until=until).items()
        }
        slots = {name: _slots(found, name) for name in cluster.environment.system.services}
        counted = all(any(load.tasks.known for load in each.values()) for each in slots.values())
        wanted = {} if counted else {key: each.wanted for key, each in cluster.slots.counts().items()}
    return Loads(
        {name: _filled(name, each, wanted) for name, each in slots.items()},
        {name: sum(wanted.get(f"{name}-{slot}", 0) for slot in Slot) for name in slots},
        {name: found[DATABASE, "", name] for name in ASKED if (DATABASE, "", name) in found}
        | ({"replica": found[REPLICA, "", "cpu"]} if (REPLICA, "", "cpu") in found else {}),
        found.get((CACHE, "", "memory"), Series({}, period)),
    )


def _queries(cluster: Cluster, period: int) -> Iterator[tuple[Key, Query]]:
    place, aws = cluster.place, cluster.clients.aws
    for name in cluster.environment.system.services:
        for slot in Slot:
            one = {"ClusterName": place.cluster, "ServiceName": place.service(name, slot)}
            group, queue = of_group(place, name, slot), {"Service": name, "Slot": str(slot)}
            yield (name, slot, "cpu"), Query(OF_SERVICES, "CPUUtilization", one, "Average", period)
            yield (name, slot, "memory"), Query(OF_SERVICES, "MemoryUtilization", one, "Average", period)
            yield (name, slot, "tasks"), Query(OF_TASKS, "RunningTaskCount", one, "Average", period)
            yield (name, slot, "p95"), Query(NAMESPACE, "TargetResponseTime", group, "p95", period)
            yield (name, slot, "queue"), Query(place.prefix, "RequestQueue", queue, "Average", period)
    if aws.database:
        primary = {"DBInstanceIdentifier": f"{place.prefix}-db"}
        for key, (metric, statistic) in ASKED.items():
            yield (DATABASE, "", key), Query(OF_DATABASES, metric, primary, statistic, period)
        if aws.database.replica:
            copy = {"DBInstanceIdentifier": f"{place.prefix}-db-replica"}
            yield (REPLICA, "", "cpu"), Query(OF_DATABASES, "CPUUtilization", copy, "Average", period)
    if aws.cache:
        first = {"CacheClusterId": f"{place.prefix}-redis-001"}
        yield (CACHE, "", "memory"), Query(OF_CACHES, "DatabaseMemoryUsagePercentage", first, "Average", period)


def _series(points: Sequence[Point], period: int) -> Series:
    return Series({int(point.at): point.value for point in points}, period)


def _slots(found: Mapping[Key, Series], name: str) -> dict[str, Load]:
    return {
        slot: Load(**{key: found[name, slot, key] for key in ("cpu", "memory", "p95", "queue", "tasks")})
        for slot in Slot
    }  # fmt: skip


def _filled(name: str, slots: Mapping[str, Load], wanted: Mapping[str, int]) -> dict[str, Load]:
    """Take the tasks that are wanted now for those that ran, where nobody counted these."""
    if any(load.tasks.known for load in slots.values()):
        return dict(slots)
    return {
        slot: replace(
            load, tasks=Series(dict.fromkeys(load.cpu.values, float(wanted.get(f"{name}-{slot}", 0))), load.cpu.period)
        )
        for slot, load in slots.items()
    }  # fmt: skip
