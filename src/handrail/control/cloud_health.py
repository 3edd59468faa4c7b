"""Health of a system on ECS, from its datastores to the load balancer; what AWS does not tell is an ALERT."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from handrail.ecs import stores, web
from handrail.ecs.reply import heard
from handrail.hosts.script import Reply
from handrail.model.cloud_vitals import Tasks
from handrail.model.level import Finding, Level
from handrail.model.version import version_of
from handrail.model.vitals import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from handrail.control.look import Look
    from handrail.ecs.cluster import Cluster
    from handrail.ecs.ends import End
    from handrail.ecs.stores import Stores
    from handrail.model.slot import Slot
    from handrail.model.vitals import Vital

Row = tuple[str, str, "Vital"]
"""What was looked at, where it is, and what was found."""


def health(look: Look, cluster: Cluster) -> list[Finding]:
    """Ask everything, in the order in which the system starts."""
    rows = [*of_stores(look, ask_stores(look, cluster)), *of_services(look, cluster)]
    return [*judged(look, rows), edge(look, cluster)]


def judged(look: Look, rows: list[Row]) -> list[Finding]:
    """Judge what was found by the system's thresholds."""
    system = look.environment.system
    return [Finding(level, what, where, text) for what, where, vital in rows for level, text in [vital.judged(system)]]


def ask_stores(look: Look, cluster: Cluster) -> Stores | Reply:
    """Ask how the datastores are."""
    return heard(lambda: stores.read(cluster.clients, cluster.place, look.environment.system))


def of_stores(look: Look, told: Stores | Reply) -> list[Row]:
    """Tell how each datastore is."""
    if isinstance(told, Reply):
        return refused_stores(look, told)
    return list(told.vitals())


def refused_stores(look: Look, told: Reply) -> list[Row]:
    """Say of each datastore why nothing is known of it."""
    named = [store.name for store in look.environment.system.datastores.values() if store.runtime == "aws"]
    return [(name, host(look), Failure(told.words)) for name in named]


def of_services(look: Look, cluster: Cluster) -> list[Row]:
    """Tell how each service is in the live slot."""
    return [*absent_services(look, cluster), *((name, host(look), tasks) for name, tasks in tasks_of(look, cluster))]


def with_ends(look: Look, cluster: Cluster, ends: Iterable[End], now: datetime) -> list[Row]:
    """Tell how each service is in the live slot, with those of its tasks that ended."""
    slot = live(look)
    return [*absent_services(look, cluster)] + [
        (name, host(look), replace(tasks, ended=tuple(end.ago(now) for end in ends if end.of == f"{name}-{slot}")))
        for name, tasks in tasks_of(look, cluster)
    ]


def absent_services(look: Look, cluster: Cluster) -> list[Row]:
    """Name the services that are described, and that ECS does not have."""
    why = Failure("ECS has no such service: fab infra.plan, and apply it")
    services = sorted(look.environment.system.services)
    return [(name, host(look), why) for name in services if f"{name}-{live(look)}" not in cluster.counted]


def tasks_of(look: Look, cluster: Cluster) -> Iterator[tuple[str, Tasks]]:
    """Count the tasks of each service in the live slot, in the order in which they start.

    Where ECS does not call a service steady the load balancer is asked which of its tasks are healthy.
    """
    slot = live(look)
    for name in (name for generation in look.environment.system.start_order() for name in generation):
        counts = cluster.counted.get(f"{name}-{slot}")
        if counts is None:
            continue
        unsteady = counts.running > 0 and counts.state != "completed"
        healthy = heard(partial(cluster.slots.healthy, name, slot)) if unsteady else None
        known = 0 if isinstance(healthy, Reply) else healthy
        yield name, Tasks(slot, counts.running, counts.wanted, known, given_up=counts.state == "failed")


def host(look: Look) -> str:
    """Name what stands for the cluster."""
    return look.roles.edges[0]


def live(look: Look) -> Slot:
    """Name the slot that has the traffic."""
    return look.states[host(look)].gate.slot


def edge(look: Look, cluster: Cluster) -> Finding:
    """Ask the load balancer as a client would."""
    where = host(look)
    state, system = look.states[where], look.environment.system
    if state.gate.maintenance:
        return Finding(Level.WARN, "edge", where, "traffic is held")
    slot = state.gate.slot
    version = version_of(state.slots.get(slot, ""))
    reply = web.serves(system, cluster.place.address, version)
    if not reply.outcome.good:
        return Finding(Level.ALERT, "edge", where, reply.words)
    if not state.gate.settled:
        return Finding(Level.WARN, "edge", where, "a cutover is not confirmed yet")
    return Finding(Level.OK, "edge", where, f"{version} from {slot}")
