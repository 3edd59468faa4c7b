"""What a verb would do, from what the hosts say now; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.control.look import look, with_databases
from handrail.errors import HostUnreachable
from handrail.hosts.intent import intent_of
from handrail.model.decide import decide
from handrail.model.forecast import forecast
from handrail.model.intent import Verb
from handrail.model.rollout import TABLES

if TYPE_CHECKING:
    from handrail.control.connections import Connections
    from handrail.control.inventory import Inventory


def preview(inventory: Inventory, connections: Connections, verb: str, data: dict[str, str]) -> dict[str, Any]:
    """Plan a verb as its run would, and list the steps with their hosts."""
    loaded = inventory.load()
    environment = loaded.environment
    intent = intent_of(verb, data, loaded)
    seen = look(environment, connections)
    if intent.verb is Verb.PROMOTE:
        seen = with_databases(seen)
    roles = seen.roles.asked(intent)
    lost = {host: reason for host, reason in seen.lost.items() if host in roles.hosts}
    if lost:
        named = "; ".join(f"{host}: {reason}" for host, reason in lost.items())
        raise HostUnreachable(
            f"{named}; nothing was touched", next_step="mend the host, or take it out of the inventory"
        )
    plan = decide(intent, seen.states, roles)
    generations = environment.system.start_order()
    steps = forecast(TABLES[intent.verb], plan, roles, seen.states, generations=generations)
    leases = [state.lease for state in seen.states.values() if state.lease and state.lease.seconds_left > 0]
    return {
        "verb": verb,
        "environment": environment.name,
        "system": environment.system.name,
        "what": plan.change,
        "note": plan.note,
        "live_slot": plan.live.value,
        "slot": plan.slot.value,
        "warm": plan.warm,
        "nothing": plan.nothing,
        "digest": plan.digest,
        "held_by": leases[0].holder if leases else "",
        "steps": [{"title": step.title, "hosts": list(step.hosts)} for step in steps],
    }
