"""What a verb would do, from what the hosts say now; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail import artifacts
from handrail.control.look import look
from handrail.errors import BadInput, HostUnreachable
from handrail.model import rollout
from handrail.model.decide import decide
from handrail.model.forecast import forecast
from handrail.model.intent import Intent, Verb, checked_share
from handrail.model.scale import scale_intent
from handrail.model.version import Release, checked_version

if TYPE_CHECKING:
    from handrail.control.connections import Connections
    from handrail.control.inventory import Inventory


def preview(inventory: Inventory, connections: Connections, verb: str, data: dict[str, str]) -> dict[str, Any]:
    """Plan a verb as its run would, and list the steps with their hosts."""
    loaded = inventory.load()
    environment = loaded.environment
    version = data.get("release", "")
    release = None
    if verb == Verb.DEPLOY:
        if not version:
            raise BadInput("which release?", next_step="fab deploy VERSION")
        place = environment.system.release.sha256_of(checked_version(version))
        release = Release(version, data.get("sha256") or artifacts.digest_at(place, base=loaded.base))
    intent = Intent(
        Verb(verb), release=release, version="" if release else version,
        share=checked_share(data.get("share", "")), with_database=bool(data.get("with_database")),
    )  # fmt: skip
    if intent.verb is Verb.SCALE:
        intent = scale_intent(data.get("service", ""), data.get("count", ""), environment.system)
    seen = look(environment, connections)
    roles = seen.roles.of_edges() if intent.verb.edges_only else seen.roles
    lost = {host: reason for host, reason in seen.lost.items() if host in roles.hosts}
    if lost:
        named = "; ".join(f"{host}: {reason}" for host, reason in lost.items())
        raise HostUnreachable(
            f"{named}; nothing was touched", next_step="mend the host, or take it out of the inventory"
        )
    plan = decide(intent, seen.states, roles)
    generations = environment.system.start_order()
    steps = forecast(rollout.TABLES[intent.verb], plan, roles, seen.states, generations=generations)
    leases = [state.lease for state in seen.states.values() if state.lease and state.lease.seconds_left > 0]
    return {
        "verb": verb,
        "environment": environment.name,
        "system": environment.system.name,
        "what": plan.change,
        "live_slot": plan.live.value,
        "slot": plan.slot.value,
        "warm": plan.warm,
        "nothing": plan.nothing,
        "digest": plan.digest,
        "held_by": leases[0].holder if leases else "",
        "steps": [{"title": step.title, "hosts": list(step.hosts)} for step in steps],
    }
