"""What two parts of a description cannot both have: a name, or a port of the same hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.model.branch import at
from handrail.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.finding import Path


def names(data: Any) -> Iterator[Finding]:
    """Find names of two things: `${redis.port}` cannot be a service's and a datastore's."""
    for name in at(data, "datastores"):
        if name in at(data, "services"):
            yield Finding(("datastores", name), "a name that no service has", f"{name!r}, which is a service")


def ports(data: Any) -> Iterator[Finding]:
    """Find each port that something else on the same hosts has already."""
    taken: dict[tuple[Any, int], str] = {}
    told: set[Path] = set()
    for path, group, port in _claims(data):
        if not isinstance(group, str) or not isinstance(port, int) or isinstance(port, bool) or path in told:
            continue
        owner = taken.setdefault((group, port), ".".join(str(part) for part in path))
        if owner != ".".join(str(part) for part in path):
            told.add(path)
            yield Finding(path, "a port of its own", f"{port}, which {owner} has on the hosts of {group}")


def _claims(data: Any) -> Iterator[tuple[Path, Any, Any]]:
    for name in at(data, "services"):
        service = at(data, "services", name)
        most = at(service, "instances").get("max", 1)
        for slot, port in at(service, "ports").items():
            for number in range(most if isinstance(most, int) and isinstance(port, int) and 1 <= most <= 100 else 1):
                yield ("services", name, "ports", slot), service.get("hosts"), port + number if number else port
    for name in at(data, "datastores"):
        datastore = at(data, "datastores", name)
        yield ("datastores", name, "port"), datastore.get("hosts"), datastore.get("port")
    edge = at(data, "edge")
    yield ("edge", "port"), edge.get("hosts"), edge.get("port", 80)
    if at(edge, "tls"):
        yield ("edge", "tls", "port"), edge.get("hosts"), at(edge, "tls").get("port", 443)
