"""What `fab logs`, `history` and `health` ask of AWS where a system is on ECS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handrail.control.logs import ALL, Entry, check_since
from handrail.ecs import logs, web
from handrail.ecs.join import cluster_of
from handrail.errors import BadInput
from handrail.model.level import Finding, Level
from handrail.model.version import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.control.look import Look
    from handrail.ecs.cluster import Cluster
    from handrail.model.environment import Environment


def history(environment: Environment, *, lines: int) -> list[dict[str, Any]]:
    """List the runs that the table holds, the newest last."""
    kept = cluster_of(environment).ledger.read()
    runs = [json.loads(record) for record in kept.records]
    return [{"verb": run.pop("record"), **run} for run in runs][-lines:]


def read_logs(  # noqa: PLR0913  # as many words as `fab logs` takes
    environment: Environment, name: str, *, since: str, grep: str, lines: int, follow: bool
) -> Iterator[Entry] | list[Entry]:
    """Give the lines of a service, or of all, in the order of time."""
    services = environment.system.services
    if name not in {*services, ALL}:
        known = ", ".join((*services, ALL))
        raise BadInput(f"there is no service {name!r} on ECS; there are {known}", next_step="name one of those")
    check_since(since)
    cluster, asked = cluster_of(environment), tuple(sorted(services)) if name == ALL else (name,)
    if follow:
        return map(_entry, logs.follow(cluster, asked, pattern=grep, lines=lines))
    return [_entry(line) for line in logs.search(cluster, asked, since=since, pattern=grep, lines=lines)]


def _entry(line: logs.Line) -> Entry:
    return Entry(line.at, line.stream, line.text, line.service)


def edge(look: Look, cluster: Cluster) -> Finding:
    """Ask the load balancer as a client would."""
    (host,) = look.roles.edges
    state, system = look.states[host], look.environment.system
    if state.gate.maintenance:
        return Finding(Level.WARN, "edge", host, "traffic is held")
    slot = state.gate.slot
    version = version_of(state.slots.get(slot, ""))
    reply = web.serves(system, cluster.place.address, version)
    if not reply.outcome.good:
        return Finding(Level.ALERT, "edge", host, reply.words)
    if not state.gate.settled:
        return Finding(Level.WARN, "edge", host, "a cutover is not confirmed yet")
    return Finding(Level.OK, "edge", host, f"{version} from {slot}")
