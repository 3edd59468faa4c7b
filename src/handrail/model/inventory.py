"""Whether an inventory fits the systems that are to run on it."""

from __future__ import annotations

import re
from collections import Counter
from ipaddress import ip_address
from itertools import combinations
from typing import TYPE_CHECKING

from handrail.errors import InventoryInvalid
from handrail.model.datastore import Datastore
from handrail.model.edge import Edge
from handrail.model.finding import near
from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from handrail.model.environment import Environment, Host
    from handrail.model.service import Service

    _Listener = tuple[Environment, str, Service | Datastore | Edge]

ADDRESS = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]")


def check(environments: Sequence[Environment]) -> None:
    """Refuse an inventory that lacks a group, or on which two things want one port or one address.

    Call it before anything asks an `Environment` for hosts.
    """
    problems = [
        *(problem for environment in environments for problem in _groups(environment)),
        *_names(environments),
        *_addresses(environments),
        *(problem for environment in environments for problem in _edges(environment)),
        *_ports(environments),
    ]
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        heading = f"the inventory does not fit {' and '.join(map(_title, environments))}: {count}"
        raise InventoryInvalid(
            "\n".join([heading, *(f"  {problem}" for problem in problems)]),
            next_step="mend the groups in inventories/, or hosts and ports in the system's YAML",
        )


def is_ip_address(address: str) -> bool:
    """Whether an address is one by itself, and no name; IPv6 is in brackets."""
    try:
        ip_address(address.strip("[]"))
    except ValueError:
        return False
    return True


def _edges(environment: Environment) -> Iterator[str]:
    """Find edges that the others could not let in by their address: nginx knows them by no name."""
    if environment.system.edge.hosts not in environment.groups or len(environment.edge_hosts) < 2:
        return
    for edge in environment.edge_hosts:
        if not is_ip_address(edge.address):
            yield (
                f"{_title(environment)}: edge {edge.name}: found address {edge.address!r}; "
                "allowed: an IP address, as the other edges see it"
            )


def _title(environment: Environment) -> str:
    return f"{environment.system.name} ({environment.name})"


def _groups(environment: Environment) -> Iterator[str]:
    groups = environment.groups
    for key, part in environment.system.parts():
        where = f"{_title(environment)}: {key}.hosts: found group {part.hosts!r}"
        if part.hosts not in groups:
            suggestion = near(part.hosts, groups)
            hint = f"; did you mean {suggestion!r}?" if suggestion else ""
            yield f"{where}, which the inventory lacks; allowed: {', '.join(sorted(groups)) or 'none'}{hint}"
        elif not groups[part.hosts]:
            yield f"{where}, which has no hosts; allowed: a group with at least one host"


def _names(environments: Sequence[Environment]) -> Iterator[str]:
    counts = Counter(environment.system.name for environment in environments)
    for name, count in counts.items():
        if count > 1:
            yield f"{count} systems are called {name}; allowed: a name of its own for each"
    owners: dict[str, list[tuple[Environment, str]]] = {}
    for environment in environments:
        for service in environment.system.services:
            owners.setdefault(f"{environment.system.name}-{service}", []).append((environment, service))
    # Units, processes, containers and images are called that; one system's stop would be the other's.
    for name, mine in owners.items():
        if len({environment.system.name for environment, _ in mine}) > 1:
            both = " and ".join(f"{_title(environment)} services.{service}" for environment, service in mine)
            yield f"{both} are both {name} on hosts; allowed: names that differ when they are put together"


def _addresses(environments: Sequence[Environment]) -> Iterator[str]:
    hosts = sorted({host for environment in environments for group in environment.groups.values() for host in group})
    for host in hosts:
        # Addresses become part of the edge's configuration and of commands.
        if not ADDRESS.fullmatch(host.address):
            yield f"{host.name} has the address {host.address!r}; allowed: a host name, IPv4 or [IPv6] address"
    for one, other in combinations(hosts, 2):
        if one.address == other.address:
            yield f"{one.name} and {other.name} share the address {one.address}; allowed: one address each"
        elif one.name == other.name:
            yield f"{one.name} has two addresses, {one.address} and {other.address}; allowed: one"


def _ports(environments: Sequence[Environment]) -> Iterator[str]:
    """Compare what listens on each host, of one system or of several."""
    listeners: dict[tuple[Host, int], list[_Listener]] = {}
    for environment in environments:
        for key, part in environment.system.parts():
            for port in _ports_of(part):
                for host in environment.groups.get(part.hosts, ()):
                    listeners.setdefault((host, port), []).append((environment, key, part))
    for (host, port), claims in sorted(listeners.items(), key=lambda item: item[0]):
        for one, other in combinations(claims, 2):
            if not _may_share(one, other):
                both = " and ".join(f"{_title(claim[0])} {claim[1]}" for claim in (one, other))
                yield f"{host.name}: port {port} is wanted by {both}; allowed: a port of its own for each"


def _ports_of(part: Service | Datastore | Edge) -> tuple[int, ...]:
    return (
        (part.port,)
        if isinstance(part, Datastore | Edge)
        else tuple(part.port(slot, number) for slot in Slot for number in part.numbers)
    )


def _may_share(one: _Listener, other: _Listener) -> bool:
    """Tell two systems behind one nginx, or on one database server, from a clash."""
    match one[2], other[2]:
        case Edge() as edge, Edge() as neighbour:
            return not set(edge.server_names) & set(neighbour.server_names)
        case Datastore() as store, Datastore() as neighbour:
            return (store.kind, store.unit) == (neighbour.kind, neighbour.unit) and one[0] is not other[0]
    return False
