"""Status of a system: every service in both slots, the datastores, the edges, the lease."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.model.live import live_slot
from handrail.model.version import version_of

if TYPE_CHECKING:
    from handrail.control.look import Look
    from handrail.model.host_state import HostState
    from handrail.model.slot import Slot


def status(look: Look) -> dict[str, Any]:
    """Put what was seen in one structure, the same for the table and for machines."""
    edges = [host for host in look.roles.edges if host in look.states]
    slots = {look.states[host].gate.slot for host in edges}
    clear = len(slots) == 1 and not any(host in look.lost for host in look.roles.edges)
    live = slots.pop() if len(slots) == 1 else (live_slot(look.states, look.roles) if edges and not look.lost else None)
    rows = [row for host, state in look.states.items() for row in _services(look, host, state, live)]
    releases = {look.states[host].slots.get(live, "") for host in look.roles.services if live and host in look.states}
    consistent = clear and len(releases) <= 1 and all(look.states[host].gate.settled for host in edges)
    leases = [
        _lease(host, state) for host, state in look.states.items() if state.lease and state.lease.seconds_left > 0
    ]
    failover = _failover(look)
    return {
        "system": look.environment.system.name,
        "environment": look.environment.name,
        "live_slot": live.value if live else None,
        "release": version_of(releases.pop()) if consistent and releases - {""} else None,
        "consistent": consistent,
        # In the middle of a run the fleet may be anything; afterwards it may not.
        "mixed": (not consistent or bool(failover)) and not look.lost and not leases,
        "edges": [_edge(host, look.states[host]) for host in edges],
        "services": rows,
        "datastores": [_store(host, name, state) for host, state in look.states.items() for name in state.datastores],
        "failover": failover,
        "leases": leases,
        # Of such a runtime nobody knows what runs, so that none of its services is among those above.
        "unusable": {host: list(state.unusable) for host, state in look.states.items() if state.unusable},
        "unreachable": dict(look.lost),
    }


def _failover(look: Look) -> str:
    """Tell of a failover of the database that is half done."""
    begun = next((state.promotion for state in look.states.values() if state.promotion is not None), None)
    if begun is None:
        return ""
    if begun.asked:
        return f"the failover from {begun.old} to {begun.new} is half done: fab database.promote goes on"
    return f"a failover to {begun.new} was cut off: fab database.promote begins again, fab startup stays on {begun.old}"


def _services(look: Look, host: str, state: HostState, live: Slot | None) -> list[dict[str, Any]]:
    rows = []
    services = look.environment.system.services
    for (service, slot, number), unit in state.units.items():
        probe = state.health.get((service, slot, number))
        asked = probe if services[service].runtime != "ecs" else None  # there the load balancer asks
        if number > 1 and not unit.running and probe is None:
            continue  # there may be one, and there is none
        rows.append(
            {
                "host": host,
                "service": service,
                "instance": number,
                "slot": slot.value,
                "live": slot == live,
                "release": state.slots.get(slot, ""),
                "version": version_of(state.slots.get(slot, "")),
                "state": unit.state,
                "running": unit.running,
                "healthy": probe is not None and probe.status == services[service].health.status,
                "health_status": asked.status if asked else 0,
                "health_seconds": asked.seconds if asked else 0.0,
                "restarts": unit.restarts,
                "runtime": services[service].runtime,
            }
        )
    return rows


def _edge(host: str, state: HostState) -> dict[str, Any]:
    pending = [{"slot": one.slot.value, "seconds_left": one.seconds_left} for one in state.gate.pending]
    shares = [{"slot": slot.value, "percent": share} for slot, share in state.gate.shares]
    return {
        "host": host,
        "slot": state.gate.slot.value,
        "pending": pending,
        "shares": shares,
        "held": state.gate.maintenance,
        "out": list(state.gate.out),
    }


def _store(host: str, name: str, state: HostState) -> dict[str, Any]:
    unit = state.datastores[name]
    return {"host": host, "datastore": name, "state": unit.state, "running": unit.running}


def _lease(host: str, state: HostState) -> dict[str, Any]:
    lease = state.lease
    return {"host": host, "holder": lease.holder, "seconds_left": lease.seconds_left} if lease else {}
