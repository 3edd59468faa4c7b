"""Which hosts of an environment do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.environment import Environment


@dataclass(frozen=True)
class Roles:
    """Which hosts do what, each group in the one fixed order of all hosts."""

    hosts: tuple[str, ...]
    services: tuple[str, ...]
    edges: tuple[str, ...]
    data: tuple[str, ...] = ()
    migrator: str = ""
    services_of: Mapping[str, frozenset[str]] = field(default_factory=dict)


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
        services_of={host: frozenset(names) for host, names in services_of.items()},
    )
