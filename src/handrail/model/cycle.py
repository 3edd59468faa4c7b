"""Services that wait for each other: none of them could ever be started first."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from handrail.model.branch import at
from handrail.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

# A hundred services that all need each other have thousands of cycles; whoever mends twenty has seen why.
LIMIT = 20


def cycles(data: Any) -> Iterator[Finding]:
    """Name each cycle once, from the service that stands first in the file."""
    services = at(data, "services")
    graph: dict[str, list[str]] = {}
    for name in services:
        needs = at(services, name).get("needs")
        listed = needs if isinstance(needs, tuple) else ()
        graph[name] = [need for need in listed if isinstance(need, str) and need in services]
    for _ in range(LIMIT):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            # graphlib names what is needed first; people read "a needs b".
            cycle = _from_first(error.args[1][::-1], list(services))
            needer, need = cycle[0], cycle[1]
            where = ("services", needer, "needs", services[needer]["needs"].index(need))
            yield Finding(where, "needs without a cycle", " -> ".join(cycle))
            graph[needer].remove(need)
        else:
            return


def _from_first(cycle: list[str], order: list[str]) -> list[str]:
    """Turn a cycle so that it begins with the service that stands first in the file."""
    ring = cycle[:-1]
    first = min(range(len(ring)), key=lambda index: order.index(ring[index]))
    turned = ring[first:] + ring[:first]
    return [*turned, turned[0]]
