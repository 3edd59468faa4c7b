"""Which hosts of an environment do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.environment import Environment
    from handrail.model.host_state import HostState
    from handrail.model.slot import Slot


@dataclass(frozen=True)
class Limits:
    """How many instances of a service a host may run."""

    least: int = 1
    most: int = 1


@dataclass(frozen=True)
class Roles:
    """Which hosts do what, each group in the one fixed order of all hosts."""

    hosts: tuple[str, ...]
    services: tuple[str, ...]
    edges: tuple[str, ...]
    data: tuple[str, ...] = ()
    migrator: str = ""
    # Whether a deploy dumps the databases before it migrates.
    backup: bool = False
    services_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)

    @property
    def serving(self) -> tuple[str, ...]:
        """Hosts of services and edges."""
        return tuple(host for host in self.hosts if host in {*self.services, *self.edges})

    def of_edges(self) -> Roles:
        """Leave out everything but the edges."""
        return Roles(hosts=self.edges, services=(), edges=self.edges)

    def instances(self, states: Mapping[str, HostState], live: Slot) -> Mapping[str, int]:
        """Tell how many instances of each service a host runs: what `fab scale` left, or the least at first.

        Other limits change nothing by themselves, for edges must not spread over what does not run; `fab scale` does.
        Of a service that is live and that no host was told of there is one: until now it could have no more.
        """
        found = {}
        for name, limits in self.limits.items():
            runs = any((name, live) in state.healthy for state in states.values())
            found[name] = max(told(name, states), default=1 if runs else limits.least)
        return found


def told(service: str, states: Mapping[str, HostState]) -> frozenset[int]:
    """Tell of how many instances of a service hosts were told; they may disagree after a run that was cut off."""
    return frozenset(state.instances[service] for state in states.values() if service in state.instances)


def roles_of(environment: Environment) -> Roles:
    """Tell which hosts do what, each group in the one fixed order of all hosts."""
    system = environment.system
    services_of: dict[str, set[str]] = {}
    for name in system.services:
        for host in environment.service_hosts(name):
            services_of.setdefault(host.name, set()).add(name)
    hosts = tuple(host.name for host in environment.all_hosts)
    data = {host.name for store in system.datastores.values() for host in environment.hosts_of(store)}
    migrate = system.release.migrate
    return Roles(
        hosts=hosts,
        services=tuple(host for host in hosts if host in services_of),
        edges=tuple(host.name for host in environment.edge_hosts),
        data=tuple(host for host in hosts if host in data),
        migrator=environment.service_hosts(migrate.service)[0].name if migrate else "",
        backup=system.release.backup,
        services_of={host: frozenset(names) for host, names in services_of.items()},
        limits={name: Limits(one.instances.min, one.instances.max) for name, one in system.services.items()},
    )
