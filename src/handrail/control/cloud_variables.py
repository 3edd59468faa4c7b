"""What `fab config` asks of AWS where a system is on ECS: task definitions, and secrets without their values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from handrail.control.cloud_health import host, live
from handrail.control.look import look_at
from handrail.control.variables import Variables
from handrail.ecs import variables as asked
from handrail.ecs.join import cluster_of
from handrail.ecs.reply import heard
from handrail.hosts.script import Reply
from handrail.model.cloud_variable import compare
from handrail.model.level import Finding, Level
from handrail.model.roles import roles_of
from handrail.model.variable import Program, findings
from handrail.model.version import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from handrail.control.look import Look
    from handrail.ecs.cluster import Cluster
    from handrail.model.cloud_variable import Kept
    from handrail.model.environment import Environment
    from handrail.model.service import Service


def variables(environment: Environment, services: tuple[Service, ...]) -> Variables:
    """Ask for every secret that these services need, and compare with the definitions that run in the live slot."""
    cluster = cluster_of(environment)
    look = look_at(cluster, roles_of(environment))
    slot = live(look)
    version = version_of(look.states[host(look)].slots.get(slot, ""))
    described = asked.described(cluster, services, slot, version)
    secrets = asked.all_kept(cluster, described)
    needed = tuple(asked.needed(described, secrets))
    since = heard(partial(asked.oldest, cluster.clients, cluster.place))
    lacking, started = ([_unknown(look, since)], {}) if isinstance(since, Reply) else ([], since)
    programs = tuple(_programs(look, cluster, described, secrets, started))
    return Variables(needed, programs, (*lacking, *findings(needed, programs)))


def _unknown(look: Look, told: Reply) -> Finding:
    return Finding(Level.WARN, "tasks", host(look), f"whether secrets are stale cannot be told: {told.words}")


def _programs(
    look: Look,
    cluster: Cluster,
    described: asked.Described,
    secrets: Mapping[str, Kept],
    started: Mapping[str, datetime],
) -> Iterator[Program]:
    where, slot = host(look), live(look)
    for name, variables in described.items():
        key = f"{name}-{slot}"
        counts = cluster.counted.get(key)
        if counts is None or not counts.running:
            yield Program(where, name, name, trouble="does not run")
            continue
        told = heard(partial(asked.given, cluster.clients, name, counts.definition, started.get(key)))
        if isinstance(told, Reply):
            yield Program(where, name, name, trouble=told.words)
        else:
            yield Program(where, name, name, compare(variables, told, secrets))
