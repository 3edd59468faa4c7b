"""An environment: a system and the hosts that it runs on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model.placeholder import fill
from handrail.model.value import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.backup import Backup
    from handrail.model.datastore import Datastore
    from handrail.model.edge import Edge
    from handrail.model.secret import SecretReference
    from handrail.model.service import Service
    from handrail.model.slot import Slot
    from handrail.model.system import System


@dataclass(frozen=True, order=True)
class Host:
    """A machine: its name in the inventory, the address where its neighbours reach it, and where SSH does.

    `reached` is empty where SSH takes the name, and its usual port.
    """

    name: str
    address: str
    reached: str = ""


@dataclass(frozen=True)
class Environment:
    """A system on its hosts. Hosts are always in the order of their names, whatever order the inventory has them in."""

    name: str
    system: System
    groups: Mapping[str, tuple[Host, ...]]

    def __post_init__(self) -> None:
        groups = {name: tuple(sorted(set(hosts))) for name, hosts in self.groups.items()}
        object.__setattr__(self, "groups", Table(groups))

    def hosts_of(self, part: Service | Datastore | Edge) -> tuple[Host, ...]:
        """List the hosts of a service, a datastore or the edge."""
        return self.groups[part.hosts]

    def service_hosts(self, name: str) -> tuple[Host, ...]:
        """List the hosts of the service with this name."""
        return self.hosts_of(self.system.services[name])

    @property
    def edge_hosts(self) -> tuple[Host, ...]:
        """List the hosts of the edge."""
        return self.hosts_of(self.system.edge)

    @property
    def all_hosts(self) -> tuple[Host, ...]:
        """List every host that the system uses, in the one order in which leases are taken."""
        parts = (part for _, part in self.system.parts() if part.runtime != "aws")
        return tuple(sorted({host for part in parts for host in self.hosts_of(part)}))

    @property
    def on_ecs(self) -> bool:
        """Whether AWS runs the services: then the one host is the cluster, and has no shell."""
        return any(service.runtime == "ecs" for service in self.system.services.values())

    def services_on(self, host: str) -> tuple[Service, ...]:
        """List the services of a host in the order in which they start."""
        order = [name for generation in self.system.start_order() for name in generation]
        return tuple(self.system.services[name] for name in order if host in _names(self.service_hosts(name)))

    def datastores_on(self, host: str) -> tuple[Datastore, ...]:
        """List the datastores of a host."""
        return tuple(store for store in self.system.datastores.values() if host in _names(self.hosts_of(store)))

    def databases_on(self, host: str) -> tuple[tuple[Datastore, Backup], ...]:
        """List the databases of a host that dumps are taken of, each with where they go."""
        stores = {store.name: store for store in self.datastores_on(host)}
        backups = self.system.backups.values()
        return tuple((stores[each.datastore], each) for each in backups if each.datastore in stores)

    def values(self, service: Service, slot: Slot, version: str, number: int = 1, host: str = "") -> Mapping[str, str]:
        """Give the values of the placeholders for one instance of one service in one slot.

        The address of a service or a datastore is that of the first of its hosts, by name.
        """
        port = service.container_port or service.port(slot, number)
        values = {"port": str(port), "slot": slot.value, "version": version, "host": host}
        for name, each in self.system.services.items():
            values[f"{name}.port"] = str(each.port(slot))
            values[f"{name}.address"] = self.hosts_of(each)[0].address
        for name, datastore in self.system.datastores.items():
            values[f"{name}.port"] = str(datastore.port)
            values[f"{name}.address"] = self.hosts_of(datastore)[0].address
        return Table(values)

    def variables(
        self, service: Service, slot: Slot, version: str, number: int = 1, host: str = ""
    ) -> Mapping[str, str | SecretReference]:
        """Give the environment variables of one instance of one service in one slot; secrets stay references."""
        values = self.values(service, slot, version, number, host)
        return Table(
            {
                name: fill(value, values) if isinstance(value, str) else value
                for name, value in service.environment.items()
            }
        )


def _names(hosts: tuple[Host, ...]) -> frozenset[str]:
    return frozenset(host.name for host in hosts)
