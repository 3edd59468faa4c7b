"""Look at an environment: every host's state, read in one round trip each, all at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.hosts.survey import read_state, survey
from handrail.model.roles import roles_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.control.connections import Connections
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


def look(environment: Environment, connections: Connections) -> Look:
    """Survey every host of an environment; changes nothing."""
    roles = roles_of(environment)
    system = environment.system
    replies = connections.on_each(
        roles.hosts,
        lambda host: connections.ask(
            host,
            survey(environment, f"/run/handrail/{system.name}", host),
        ),
    )
    states = {host: read_state(reply, environment, host) for host, reply in replies.items() if reply.outcome.good}
    lost = {host: reply.words for host, reply in replies.items() if not reply.outcome.good}
    return Look(environment, roles, states, lost)
