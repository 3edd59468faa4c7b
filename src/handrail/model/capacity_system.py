"""A system's capacity: each service and datastore judged by its load, with what the database has room for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from handrail.model.aws import Tasks
from handrail.model.aws_variables import aws_of
from handrail.model.capacity import Capacity, Rule, minutes
from handrail.model.capacity_load import Service
from handrail.model.capacity_stores import DatabaseLoad, judge_cache, judge_database, levels, room
from handrail.model.capacity_tasks import judge
from handrail.model.series import Series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.aws import Aws
    from handrail.model.aws_database import Cache
    from handrail.model.capacity import Part
    from handrail.model.capacity_load import Load, Room
    from handrail.model.environment import Environment

REDIS = "redis"


@dataclass(frozen=True)
class Loads:
    """What was measured: of each service by slot, of the database by what it is, of the cache its memory."""

    services: Mapping[str, Mapping[str, Load]]
    # Tasks that ECS is to run now, where that was asked.
    wanted: Mapping[str, int] = field(default_factory=dict)
    database: Mapping[str, Series] = field(default_factory=dict)
    cache: Series = field(default_factory=Series)


def judge_system(environment: Environment, loads: Loads, *, since: int, until: int, period: int) -> Capacity:
    """Judge all of it: the database first, for tasks need its connections."""
    aws = aws_of(environment)
    services = [_service(environment, aws, loads, name) for name in environment.system.services]
    database = _database(environment, aws, loads)
    space = _room(environment, database, services)
    parts = [judge_database(database)] if database else []
    parts += [_cache(environment, aws.cache, aws, loads.cache)] if aws.cache else []
    parts += [judge(_with(service, environment, space)) for service in services]
    return Capacity(environment.system.name, environment.name, since, until, period, tuple(parts))


def _service(environment: Environment, aws: Aws, loads: Loads, name: str) -> Service:
    system = environment.system
    memory = Rule("memory", system.thresholds.memory.warn, minutes(aws.alarms.memory.warn.total_seconds()))
    return Service(
        name, aws.services.get(name) or Tasks(), system.services[name].instances, loads.services.get(name, {}), memory,
        loads.wanted.get(name, 0),
    )  # fmt: skip


def _with(service: Service, environment: Environment, space: Room | None) -> Service:
    needs = environment.system.services[service.name].needs
    return replace(service, room=space) if space and space.store in needs else service


def _database(environment: Environment, aws: Aws, loads: Loads) -> DatabaseLoad | None:
    if aws.database is None:
        return None
    thresholds = environment.system.thresholds
    return DatabaseLoad(
        aws.database, levels("cpu", thresholds, aws.alarms),
        levels("connections", thresholds, aws.alarms, factor=aws.database.max_connections / 100), **loads.database,
    )  # fmt: skip


def _room(environment: Environment, load: DatabaseLoad | None, services: list[Service]) -> Room | None:
    if load is None:
        return None
    system = environment.system
    needing = [each for each in services if load.database.datastore in system.services[each.name].needs]
    pool = system.thresholds.connections.pool
    return room(load, needing, pool=pool.size if pool else None)


def _cache(environment: Environment, cache: Cache, aws: Aws, memory: Series) -> Part:
    stores = environment.system.datastores.values()
    name = next((store.name for store in stores if store.kind == REDIS and store.runtime == "aws"), REDIS)
    return judge_cache(name, cache, memory, levels("memory", environment.system.thresholds, aws.alarms))
