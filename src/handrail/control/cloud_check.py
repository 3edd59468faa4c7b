"""What `fab check` asks of AWS where a system is on ECS; as many questions for ten services as for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from handrail.control.check import shown
from handrail.control.cloud_health import (
    ask_stores,
    edge,
    host,
    judged,
    live,
    of_services,
    of_stores,
    refused_stores,
    with_ends,
)
from handrail.control.look import look_at
from handrail.ecs import error_lines
from handrail.ecs.ends import ended
from handrail.ecs.join import cluster_of
from handrail.ecs.measured import LEAST_SECONDS, Subject, measured
from handrail.ecs.reply import heard
from handrail.ecs.served import served
from handrail.ecs.stores import OF_CACHES, OF_DATABASES, Stores, snapshot_of
from handrail.hosts.script import Reply
from handrail.model.cloud_vitals import Nothing, Snapshots
from handrail.model.roles import roles_of
from handrail.model.vitals import Failure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from handrail.control.cloud_health import Row
    from handrail.control.look import Look
    from handrail.ecs.cluster import Cluster
    from handrail.ecs.measured import Measured
    from handrail.model.environment import Environment
    from handrail.model.level import Findings
    from handrail.secrets import Secret

MEASURED = OF_DATABASES | OF_CACHES | {"traffic"}
ELSEWHERE = {
    "largest": "AWS has the disks, and nothing of the system is on them",
    "updates": "AWS updates its hosts; what images lack, ECR tells: aws ecr describe-image-scan-findings",
}


def check(environment: Environment, *, names: Sequence[str], secrets: Mapping[str, Secret]) -> Findings:
    """Ask for everything that is on a list, and judge it."""
    cluster, now = cluster_of(environment), datetime.now(UTC)
    look = look_at(cluster, roles_of(environment))
    groups = cluster.place.log_groups
    # AWS reads a day of logs while the rest is asked.
    lines = (
        heard(lambda: error_lines.ask(cluster.clients.logs, groups, until=now.timestamp()))
        if "errors" in names
        else None
    )
    stores = ask_stores(look, cluster)
    numbers = ask_numbers(look, cluster, stores, MEASURED.intersection(names), span=_span(look, now))
    found: Findings = {}
    for name in dict.fromkeys(names):
        match name:
            case "health":
                rows = [*of_stores(look, stores), *of_services(look, cluster)]
            case "services":
                rows = [*of_stores(look, stores), *_services(look, cluster, now)]
            case "errors":
                rows = _errors(look, lines)
            case "backups":
                rows = list(_backups(look, cluster, stores, now))
            case "certificates":
                rows = _certificates(look, cluster, now)
            case _ if name in ELSEWHERE:
                rows = [("", host(look), Nothing(ELSEWHERE[name]))]
            case _:
                rows = _numbers(look, stores, numbers, name)
        found[name] = [replace(each, text=shown(each.text, secrets)) for each in judged(look, rows)]
        if name == "health":
            found[name].append(edge(look, cluster))
    return found


def ask_numbers(
    look: Look, cluster: Cluster, stores: Stores | Reply, checks: Collection[str], *, span: tuple[float, float]
) -> list[Measured] | Reply:
    """Ask CloudWatch once for the numbers of these checks between two moments, in seconds since 1970."""
    if not checks:
        return []
    system, (since, until) = look.environment.system, span
    database = system.aws.database if system.aws else None
    there = [name for name in sorted(system.services) if f"{name}-{live(look)}" in cluster.counted]
    subject = Subject(
        cluster.place, live(look), there, Stores() if isinstance(stores, Reply) else stores,
        host(look), database.max_connections if database else 0, _pools(look, cluster),
    )  # fmt: skip
    return heard(lambda: measured(cluster.clients.metrics, subject, checks, since=since, until=until))


def _span(look: Look, now: datetime) -> tuple[float, float]:
    back = max(LEAST_SECONDS, int(look.environment.system.thresholds.over.total_seconds()))
    return now.timestamp() - back, now.timestamp()


def _pools(look: Look, cluster: Cluster) -> int:
    """Count the tasks that have a pool of connections to the database, in both slots."""
    stores = {store.name for store in look.environment.system.datastores.values() if store.kind == "postgresql"}
    needing = {name for name, service in look.environment.system.services.items() if stores & set(service.needs)}
    return sum(counts.running for key, counts in cluster.counted.items() if key.rpartition("-")[0] in needing)


def _numbers(look: Look, stores: Stores | Reply, numbers: list[Measured] | Reply, name: str) -> list[Row]:
    if isinstance(numbers, Reply):
        return [("", host(look), Failure(numbers.words))]
    rows = [(each.what, each.where, each.vital) for each in numbers if each.check == name]
    if isinstance(stores, Reply):
        return [*rows, *(refused_stores(look, stores) if name in OF_DATABASES | OF_CACHES else [])]
    return [*rows, *stores.absent(name)]


def _services(look: Look, cluster: Cluster, now: datetime) -> list[Row]:
    """Tell how the tasks of each service are, and which ended, all at once."""
    ends = heard(lambda: ended(cluster.clients, cluster.place))
    if isinstance(ends, Reply):
        unknown = Failure(f"which tasks ended is not known: {ends.words}")
        return [("", host(look), unknown), *of_services(look, cluster)]
    return with_ends(look, cluster, ends, now)


def _errors(look: Look, lines: error_lines.Question | Reply | None) -> list[Row]:
    told = lines if lines is None or isinstance(lines, Reply) else heard(lambda: error_lines.answer(lines))
    if told is None or isinstance(told, Reply):
        return [("", host(look), Failure(told.words if told else "was not asked"))]
    return [(name, host(look), vital) for name, vital in told.items()]


def _backups(look: Look, cluster: Cluster, stores: Stores | Reply, now: datetime) -> Iterator[Row]:
    """Tell of each database that is no copy what it could be restored from."""
    if isinstance(stores, Reply):
        yield from refused_stores(look, stores)
        return
    for each in stores.databases:
        if not each.there:
            yield each.store, each.identifier, each.described
        elif each.copy_of:
            yield each.store, each.identifier, Nothing(f"a copy of {each.copy_of}, whose backups count")
        else:
            taken = heard(partial(snapshot_of, cluster.clients, each.identifier))
            if isinstance(taken, Reply):
                yield each.store, each.identifier, Failure(taken.words)
                continue
            ages = [None if at is None else max(now - at, now - now) for at in (taken, each.restorable)]
            yield each.store, each.identifier, Snapshots(each.keep_days, *ages)


def _certificates(look: Look, cluster: Cluster, now: datetime) -> list[Row]:
    edge_ = look.environment.system.edge
    if edge_.tls is None:
        return []
    told = heard(lambda: list(served(cluster.clients, cluster.place, edge_.server_names, now)))
    if isinstance(told, Reply):
        return [("", host(look), Failure(told.words))]
    return [(name, host(look), vital) for name, vital in told]
