"""The hosts that a schedule begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.roles import Roles
from handrail.model.slot import Slot
from handrail.model.version import Release
from tests.simulation.hosts import Host
from tests.simulation.scale import labels

if TYPE_CHECKING:
    from tests.simulation.world import World

RELEASES = tuple(Release(f"1.{number}.0", "0" * 64) for number in range(5))


def build(world: World, *, services: int, edges: int, both: int, names: tuple[str, ...]) -> None:
    """Build hosts: some only service hosts, some both, some only edges."""
    for number in range(services):
        name = f"web{number + 1}"
        world.hosts[name] = Host(world, name, names=names, edge=number < both)
    for number in range(edges - both):
        name = f"edge{number + 1}"
        world.hosts[name] = Host(world, name, names=(), edge=True)


def first_release(world: World) -> None:
    """Let the fleet serve a release, as a run long ago left it."""
    release, slot = RELEASES[0].id, world.random.choice(tuple(Slot))
    world.proven.add(release)
    # Some hosts were never told how many instances there are.
    told = {name: world.random.randint(1, limits.most) for name, limits in world.limits.items()}
    told = world.random.choice(({}, told))
    for host in world.hosts.values():
        host.fence, host.told = 1, dict(told)
        host.most = {name: limits.most for name, limits in world.limits.items()}
        if host.is_edge:
            host.confirmed, host.record, host.decisions = slot, 1, {1}
        if host.is_service:
            host.slots[slot], host.staged, host.good = release, {release}, [release]
            running = {(one, slot) for name in host.names for one in labels(name, 1, told.get(name, 1))}
            for units in (host.enabled, host.passed, host.healthy):
                units.update(running)


def roles(world: World) -> Roles:
    """List the hosts that are not lost: an operator takes the others out of the inventory."""
    living = [host for host in world.hosts.values() if host.alive]
    services = tuple(host.name for host in living if host.is_service)
    return Roles(
        hosts=tuple(host.name for host in living),
        services=services,
        edges=tuple(host.name for host in living if host.is_edge),
        data=services[:1] if world.backup else (),
        migrator=services[0] if services else "",
        backup=world.backup,
        services_of={host.name: frozenset(host.names) for host in living if host.is_service},
        limits=dict(world.limits),
    )
