"""Look at an environment: every host's state, read in one round trip each, all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handrail.hosts.survey import SURVEY_SECONDS, read_state, survey
from handrail.model.roles import roles_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.control.connections import Connections
    from handrail.ecs.cluster import Cluster
    from handrail.model.environment import Environment
    from handrail.model.host_state import HostState
    from handrail.model.roles import Roles


@dataclass(frozen=True)
class Look:
    """What was seen. A host that could not be reached is in `lost`, with the reason."""

    environment: Environment
    roles: Roles
    states: Mapping[str, HostState]
    lost: Mapping[str, str]
    cluster: Cluster | None = None


def look(environment: Environment, connections: Connections, *, seconds: int = SURVEY_SECONDS) -> Look:
    """Survey every host of an environment; changes nothing. A host that takes longer counts as lost."""
    roles = roles_of(environment)
    system = environment.system
    if environment.on_ecs:
        return _of_cluster(environment, roles)
    replies = connections.on_each(
        roles.hosts,
        lambda host: connections.ask(
            host,
            replace(survey(environment, f"/run/handrail/{system.name}", host), seconds=seconds),
        ),
    )
    states = {host: read_state(reply, environment, host) for host, reply in replies.items() if reply.outcome.good}
    lost = {host: reply.words for host, reply in replies.items() if not reply.outcome.good}
    return Look(environment, roles, states, lost)


def _of_cluster(environment: Environment, roles: Roles) -> Look:
    """Ask AWS in the place of hosts."""
    from handrail.ecs.join import cluster_of  # noqa: PLC0415  # boto3 only where AWS is used

    return look_at(cluster_of(environment), roles)


def look_at(cluster: Cluster, roles: Roles) -> Look:
    """Look at a cluster; what AWS refuses stops the task, for then nothing is known."""
    from handrail.infra.ask import answers  # noqa: PLC0415  # likewise

    with answers("to show the cluster", next_step="the rights to describe it; aws sts get-caller-identity"):
        state = cluster.look(exact=False)
    return Look(cluster.environment, roles, dict.fromkeys(roles.hosts, state), {}, cluster)


def with_databases(seen: Look) -> Look:
    """Ask RDS as well, where a system is on ECS."""
    if seen.cluster is None:
        return seen
    databases = seen.cluster.databases()
    return replace(seen, states={host: replace(state, databases=databases) for host, state in seen.states.items()})
