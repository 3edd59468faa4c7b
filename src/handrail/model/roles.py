"""Which hosts of an environment do what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.aws import Aws
    from handrail.model.environment import Environment
    from handrail.model.host_state import HostState
    from handrail.model.intent import Intent
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
    # Whether RDS takes a snapshot before a deploy migrates.
    snapshot: bool = False
    services_of: Mapping[str, frozenset[str]] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    # What is done to one host after the other is done in this order.
    turns: tuple[str, ...] = ()

    @property
    def serving(self) -> tuple[str, ...]:
        """Hosts of services and edges."""
        return tuple(host for host in self.hosts if host in {*self.services, *self.edges})

    def asked(self, intent: Intent) -> Roles:
        """Leave out the hosts that an intent does not need, and those whose turn it is not to be."""
        if intent.verb.edges_only:
            return self.of_edges(intent.limit)
        return replace(self, turns=(intent.limit,)) if intent.limit else self

    def stand_in(self, host: str) -> bool:
        """Whether every service of a host runs on another one, too, so that it can be taken out of traffic."""
        mine = self.services_of.get(host, frozenset())
        others = {name for other, names in self.services_of.items() if other != host for name in names}
        return bool(mine) and mine <= others

    def of_edges(self, also: str = "") -> Roles:
        """Leave out everything but the edges, and one host whose turn it is."""
        if not also:
            return Roles(hosts=self.edges, services=(), edges=self.edges)
        return Roles(
            hosts=tuple(host for host in self.hosts if host in {*self.edges, also}),
            services=(also,) if also in self.services else (),
            edges=self.edges,
            data=(also,) if also in self.data else (),
            services_of={also: self.services_of.get(also, frozenset())},
            limits=self.limits,
            turns=(also,),
        )

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
    kept = [store for store in system.datastores.values() if store.runtime != "aws"]
    data = {host.name for store in kept for host in environment.hosts_of(store)}
    migrate = system.release.migrate
    return Roles(
        hosts=hosts,
        services=tuple(host for host in hosts if host in services_of),
        edges=tuple(host.name for host in environment.edge_hosts),
        data=tuple(host for host in hosts if host in data),
        migrator=environment.service_hosts(migrate.service)[0].name if migrate else "",
        backup=system.release.backup,
        snapshot=environment.on_ecs and system.aws is not None and _asks_for_snapshots(system.aws),
        services_of={host: frozenset(names) for host, names in services_of.items()},
        limits={name: Limits(one.instances.min, one.instances.max) for name, one in system.services.items()},
        turns=_turns(hosts, edges={host.name for host in environment.edge_hosts}, data=data),
    )


def _asks_for_snapshots(aws: Aws) -> bool:
    return aws.database is not None and aws.database.snapshot


def _turns(hosts: tuple[str, ...], *, edges: set[str], data: set[str]) -> tuple[str, ...]:
    """Order hosts by what a failure costs: others stand in for a service host, nothing does for a datastore."""
    return tuple(sorted(hosts, key=lambda host: (host in data, host in edges)))
