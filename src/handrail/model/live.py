"""What is live, told from what the hosts say: which slot has the traffic, and which release is in it."""

from __future__ import annotations

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
    if len({gate.confirmed for gate in gates}) == 1:
        return gates[0].confirmed
    by_token = sorted(gates, key=lambda gate: -1 if gate.record_token is None else gate.record_token, reverse=True)
    good = [gate.confirmed for gate in by_token if healthy(gate.confirmed, states, roles)]
    return (good or [by_token[0].confirmed])[0]


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
    """Whether all services of a slot are healthy on every host that has some."""
    return bool(roles.services) and all(
        states[host].serves(slot, roles.services_of.get(host, frozenset())) for host in roles.services
    )


def _last_good_slot(states: Mapping[str, HostState], roles: Roles) -> Slot | None:
    """Tell what the service hosts know when every edge is new: the healthy slot whose release proved good last."""
    good = states[roles.services[0]].good if roles.services else ()
    known = {states[roles.services[0]].slots.get(slot): slot for slot in Slot if healthy(slot, states, roles)}
    return next((known[release] for release in reversed(good) if release in known), None)
