"""Instances of services on a simulated host: how many run, and over how many an edge spreads the traffic."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from handrail.model.fleet import Outcome
from handrail.model.roles import told
from tests.simulation import invariants

if TYPE_CHECKING:
    from handrail.model.fleet import Fleet
    from handrail.model.plan import Plan
    from handrail.model.slot import Slot
    from tests.simulation.hosts import Host
    from tests.simulation.message import Message

# MOST_INSTANCES of model/service.py is more than a schedule needs.
MOST = 3


@cache
def label(name: str, number: int) -> str:
    """Name an instance as runtimes/protocol.py does; every instance is a unit of its own."""
    return name if number == 1 else f"{name}.{number}"


@cache
def labels(name: str, first: int, last: int) -> tuple[str, ...]:
    """Name the instances from one number to another."""
    return tuple(label(name, number) for number in range(first, last + 1))


def wanted(plan: Plan, name: str) -> tuple[str, ...]:
    """Name the instances of a service that a plan starts."""
    return labels(name, 1, plan.instances.get(name, 1))


def healthy(host: Host) -> frozenset[tuple[str, Slot]]:
    """survey.sh: a service is healthy in a slot if all of the instances that the host was told of are."""
    several = [(name, count) for name, count in host.told.items() if count > 1]
    if not several:
        return frozenset(host.healthy)
    missing = {
        (name, slot)
        for name, count in several
        for slot in host.slots
        if not all((one, slot) in host.healthy for one in labels(name, 1, count))
    }
    return frozenset(host.healthy - missing)


def tell_if_new(host: Host, message: Message) -> None:
    """ready_slot.sh and ready_edge.sh: a host that was never told how many there are."""
    fleet, plan = message.run.fleet, message.plan
    if not host.told.keys() >= fleet.roles.limits.keys():
        for name in fleet.roles.limits:
            before = plan.before if name == plan.service and host.world.bug != "eager-ready" else plan.instances[name]
            host.told.setdefault(name, min(told(name, fleet.states), default=before))


def configure(edge: Host, fleet: Fleet) -> None:
    """Write the edge's configuration: it knows upstreams for so many instances as there may be."""
    edge.most = {name: max({limits.most} | told(name, fleet.states)) for name, limits in fleet.roles.limits.items()}
    if edge.world.bug == "raised-least":
        edge.told = {name: max(count, fleet.roles.limits[name].least) for name, count in edge.told.items()}


def spread(host: Host, message: Message) -> None:
    """spread.sh: so many instances have traffic, or as many as before."""
    plan, back = message.plan, message.part == 1
    if back:
        host.gone_back.add(message.token)
    elif message.token in host.gone_back and host.world.bug != "late-spread":
        message.reply(Outcome.FAILED, "this run has gone back already")
        return
    host.told[plan.service] = plan.before if back else plan.instances[plan.service]
    invariants.traffic(host.world)
    message.reply(Outcome.OK)


def counts(edge: Host) -> dict[str, int]:
    """Tell over how many instances of each service an edge spreads the traffic: one where it knows no such file."""
    return {name: count if count <= edge.most.get(name, 1) else 1 for name, count in edge.told.items()}


def used(edge: Host, host: Host, slot: Slot) -> list[tuple[str, Slot]]:
    """List the instances on a host that an edge spreads the traffic of a slot over."""
    spread_over = counts(edge)
    return [(one, slot) for name in host.names for one in labels(name, 1, spread_over.get(name, 1))]
