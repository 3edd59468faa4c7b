"""What is live, told from what the hosts say: which slot has the traffic, and which release is in it."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from handrail.errors import FleetMixed
from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.host_state import HostState
    from handrail.model.roles import Roles


def live_slot(states: Mapping[str, HostState], roles: Roles) -> Slot:
    """Tell which slot has the traffic; where edges disagree, the newest confirmed one that is healthy on every host."""
    gates = [states[host].gate for host in roles.edges]
    if all(gate.record_token is None for gate in gates):
        return _last_good_slot(states, roles) or gates[0].confirmed
    told = [(gate.record_token, gate.confirmed) for gate in gates if gate.record_token is not None]
    newest_first = [slot for _, slot in sorted(told, key=itemgetter(0), reverse=True)]
    return next((slot for slot in newest_first if healthy(slot, states, roles)), newest_first[0])


def live_release(slot: Slot, states: Mapping[str, HostState], roles: Roles) -> str:
    """Tell which release the service hosts have in a slot; empty when there is none."""
    found = {states[host].slots.get(slot, "") for host in roles.services}
    if len(found) > 1:
        named = ", ".join(f"{host} {states[host].slots.get(slot) or 'nothing'}" for host in roles.services)
        raise FleetMixed(
            f"the live slot {slot} holds different releases: {named}",
            next_step="fab deploy VERSION puts one release on every host",
        )
    return found.pop() if found else ""


def healthy(slot: Slot, states: Mapping[str, HostState], roles: Roles) -> bool:
    """Whether all services of a slot are healthy on every host that has some; nobody knows of a host that is lost."""
    return bool(roles.services) and all(
        host in states and states[host].serves(slot, roles.services_of.get(host, frozenset()))
        for host in roles.services
    )


def _last_good_slot(states: Mapping[str, HostState], roles: Roles) -> Slot | None:
    """Tell what the service hosts know when every edge is new: the healthy slot whose release proved good last."""
    told = [states[host] for host in roles.services if host in states and states[host].good]
    if not told:
        return None
    # One host may be new, or have missed the last record.
    knows = max(
        told, key=lambda state: (sum(release in state.good for release in state.slots.values()), len(state.good))
    )
    known = {knows.slots.get(slot): slot for slot in Slot if healthy(slot, states, roles)}
    return next((known[release] for release in reversed(knows.good) if release in known), None)


def known_good(live: str, states: Mapping[str, HostState], roles: Roles) -> tuple[str, ...]:
    """List the releases that proved good, the last one last, as a host has them that knows the live one and most."""
    told = (states[host].good for host in roles.services)
    return max(told, key=lambda good: (live in good, len(good)), default=())
