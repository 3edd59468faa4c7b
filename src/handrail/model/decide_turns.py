"""What to do to one host after the other: who may be taken out of traffic, and who is to get it back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.model.intent import Intent, Verb
from handrail.model.turn import out_of_traffic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.host_state import HostState
    from handrail.model.plan import Plan
    from handrail.model.roles import Roles


def plan_turns(plan: Plan, intent: Intent, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Complete the plan of an update, or of putting back the host that one left out."""
    if intent.verb is Verb.BACK:
        return _plan_back(replace(plan, limit=intent.limit), settle=settle, states=states, roles=roles)
    return _plan_update(plan, intent, settle=settle, states=states, roles=roles)


def unsettled() -> BadInput:
    """Say that it is not clear which slot has the traffic."""
    return BadInput(
        "the edges have a cutover or a share that nobody confirmed, or disagree; nothing was touched",
        next_step="fab status; it is over within `times.confirm`, or fab deploy VERSION settles it",
    )


def _plan_back(plan: Plan, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Plan to put a host back. How the others are is not asked: it brings service back."""
    if plan.limit not in out_of_traffic(states, roles.edges):
        return replace(plan, nothing=True)
    if settle:  # it would be checked in one slot, and get the traffic of the other
        raise unsettled()
    return plan


def _plan_update(plan: Plan, intent: Intent, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Plan to update packages, one host after the other, where those that stay can serve meanwhile."""
    if settle:
        raise unsettled()
    out = out_of_traffic(states, roles.edges)
    waiting = sorted(out - set(roles.turns[:1]))
    if waiting:
        raise BadInput(
            f"{', '.join(waiting)} is out of traffic since an earlier run, and one at a time is; nothing was touched",
            next_step=f"fab updates.back {waiting[0]} puts it back once it is well",
        )
    ill = [
        host
        for host in roles.services
        if host not in out and not states[host].serves(plan.live, roles.services_of.get(host, frozenset()))
    ]
    if ill and not plan.held:
        raise BadInput(
            f"the live slot {plan.live} is not healthy on {', '.join(ill)}; nothing was touched", next_step="fab health"
        )
    alone = () if plan.held else tuple(host for host in roles.turns if not roles.stand_in(host))
    return replace(plan, every=intent.every, limit=intent.limit, reboot=intent.reboot, alone=alone)
