"""What to do next, decided from what is: no I/O, no clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.errors import BadInput, Refused, ReleaseUnknown
from handrail.model.decide_turns import plan_turns, unsettled
from handrail.model.intent import Intent, Verb
from handrail.model.live import healthy, live_release, live_slot
from handrail.model.plan import Plan
from handrail.model.switch import switch
from handrail.model.target import SAME_AGAIN, rehearsed, target_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.host_state import HostState
    from handrail.model.roles import Roles
    from handrail.model.slot import Slot

# What brings services or traffic back while a failover is half done would have the old database written to.
MUST_WAIT = frozenset({Verb.DEPLOY, Verb.ROLLBACK, Verb.RESTART, Verb.STARTUP, Verb.SCALE, Verb.RESUME, Verb.REHEARSE})
# Tools that one verb alone has a use for.
ONLY_FOR = {"logrotate": Verb.LOGROTATE}
# What needs no runtime; a full disk is what often makes one unusable, and freeing it must not wait for that runtime.
IN_ANY_STATE = frozenset(
    {Verb.HOLD, Verb.RESUME, Verb.STARTUP, Verb.DISK, Verb.BACKUP, Verb.CERTIFICATE, Verb.RENEW, Verb.BACK}
)


def decide(intent: Intent, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Turn a request and the state of the hosts into a plan.

    Raises ReleaseUnknown when there is no release to go to.
    """
    if intent.verb not in IN_ANY_STATE:
        _check_tools(intent.verb, states)
    _check_failover(intent.verb, states)
    live = live_slot(states, roles)
    gates = [states[host].gate for host in roles.edges]
    # One that nobody has told yet, beside others, is told now, and gets its configuration.
    new = {gate.record_token is None for gate in gates} == {True, False}
    settle = new or any(not gate.settled or gate.confirmed != live for gate in gates)
    match intent.verb:
        case Verb.STARTUP | Verb.SHUTDOWN:
            return _plan_system(intent, live, settle=settle, states=states, roles=roles)
        case Verb.SCALE:
            return _plan_scale(intent, live, settle=settle, states=states, roles=roles)
        case (
            Verb.HOLD
            | Verb.RESUME
            | Verb.DISK
            | Verb.LOGROTATE
            | Verb.BACKUP
            | Verb.VACUUM
            | Verb.CERTIFICATE
            | Verb.RENEW
        ):
            return _plan_in_place(intent, live, states=states, roles=roles)
        case Verb.UPDATE | Verb.BACK:
            plan = _plan_in_place(intent, live, states=states, roles=roles)
            return plan_turns(plan, intent, settle=settle, states=states, roles=roles)
        case Verb.REHEARSE:
            return _plan_rehearsal(intent, live, settle=settle, states=states, roles=roles)
        case Verb.PROMOTE:
            return _plan_promotion(intent, live, settle=settle, states=states, roles=roles)
        case _:
            return _plan_release(intent, live, settle=settle, states=states, roles=roles)


def _plan_release(intent: Intent, live: Slot, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    # A host that is new has nothing in its slots yet.
    current = {states[host].slots.get(live, "") for host in roles.services} - {""}
    current_id = current.pop() if len(current) == 1 else ""
    target, digest = target_of(intent, current_id, states, roles)
    slot = live.other
    nothing = intent.verb not in SAME_AGAIN and target == current_id and not settle and healthy(live, states, roles)
    # One that proved good here has migrated already: nothing is lost that a backup or a snapshot would have.
    migrates = intent.verb is Verb.DEPLOY and not all(target in states[host].good for host in roles.services)
    instances = roles.instances(states, live)
    # What is deployed gets today's description; a rollback goes to what served, as it was.
    warm = (
        intent.verb is Verb.ROLLBACK
        and _all_were_asked(instances, states, roles)
        and all(states[host].slots.get(slot) == target for host in roles.services)
        and healthy(slot, states, roles)
    )
    return Plan(
        verb=intent.verb,
        live=live,
        slot=slot,
        release_id=target,
        digest=digest,
        live_release=current_id,
        warm=warm,
        settle=settle,
        nothing=nothing,
        share=intent.share,
        # Also for a slot that is warm: the run that started it may have died before it migrated.
        migrate=intent.verb is Verb.DEPLOY,
        backup=migrates and roles.backup,
        snapshot=migrates and roles.snapshot,
        held=any(states[host].gate.maintenance for host in roles.edges),
        instances=instances,
    )


def _plan_promotion(intent: Intent, live: Slot, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Plan a failover of the database: the same release, from the idle slot, told of another database."""
    plan = _plan_release(intent, live, settle=settle, states=states, roles=roles)
    state = states[roles.edges[0]]
    if state.databases is None:
        raise BadInput("there is no database of RDS here; nothing was touched", next_step="docs/how-to/fail-over.md")
    made = switch(state.databases, state.promotion, live, held=plan.held, accepted=intent.lag_accepted)
    counts = made.counts or plan.instances
    # What an earlier run has moved already is only seen to.
    return replace(
        plan, switch=replace(made, counts=counts), instances=counts, slot=live if made.served else live.other,
        held=made.held,
    )  # fmt: skip


def _check_failover(verb: Verb, states: Mapping[str, HostState]) -> None:
    """Refuse what would start services on the old database again, or let requests in to them."""
    begun = next((state.promotion for state in states.values() if state.promotion and state.promotion.asked), None)
    if begun is not None and verb in MUST_WAIT:
        raise Refused(
            f"the failover from {begun.old} to {begun.new} is half done: services would write to the old database; "
            "nothing was touched",
            next_step="fab database.promote goes on where it ended",
        )


def _plan_rehearsal(intent: Intent, live: Slot, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Plan to try a release where nothing is served from.

    Only beside a live slot that is well and that every edge agrees on: the idle one is emptied, and
    a fleet that is in doubt may need it.
    """
    current = live_release(live, states, roles)
    if settle:
        raise unsettled()
    target, digest = rehearsed(intent, current, states, roles)
    if not healthy(live, states, roles):
        raise BadInput(
            f"the live slot {live} is not healthy on every host, and the idle one may be needed; nothing was touched",
            next_step="fab health",
        )
    found = {states[host].slots.get(live.other, "") for host in roles.services}
    return Plan(
        verb=intent.verb,
        live=live,
        slot=live.other,
        release_id=target,
        digest=digest,
        live_release=current,
        held=any(states[host].gate.maintenance for host in roles.edges),
        instances=roles.instances(states, live),
        cooled=found.pop() if len(found) == 1 and healthy(live.other, states, roles) else "",
    )


def _plan_scale(intent: Intent, live: Slot, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Plan for another number of instances of one service in the live slot, on each of its hosts."""
    current = live_release(live, states, roles)
    if not current:
        raise ReleaseUnknown("there is no live release to scale", next_step="fab deploy VERSION")
    if not healthy(live, states, roles):
        raise BadInput(
            f"the live slot {live} is not healthy on every host; nothing was touched",
            next_step="fab health, then restart",
        )
    instances = roles.instances(states, live)
    told = {states[host].instances.get(intent.service, 0) for host in roles.serving}
    return Plan(
        verb=intent.verb,
        live=live,
        slot=live,
        release_id=current,
        live_release=current,
        settle=settle,
        nothing=told == {intent.count} and not settle,
        held=any(states[host].gate.maintenance for host in roles.edges),
        service=intent.service,
        instances={**instances, intent.service: intent.count},
        before=instances[intent.service],
    )


def _plan_in_place(intent: Intent, live: Slot, *, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Plan for what moves no release and must work whatever the fleet is like."""
    held = [states[host].gate.maintenance for host in roles.edges]
    current = {states[host].slots.get(live, "") for host in roles.services} - {""}
    release = current.pop() if len(current) == 1 else ""
    return Plan(
        verb=intent.verb,
        live=live,
        slot=live,
        release_id=release,
        live_release=release,
        # A hold page that is up may get another message.
        nothing=intent.verb is Verb.RESUME and not any(held),
        held=any(held),
        service=intent.certificate,
        instances=roles.instances(states, live),
    )


def _plan_system(intent: Intent, live: Slot, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    current = live_release(live, states, roles)
    held = any(states[host].gate.maintenance for host in roles.edges)
    kept_up = [unit for host in roles.hosts for unit in states[host].datastores.values()]
    kept_up += [unit for host in roles.edges if (unit := states[host].edge) is not None]
    up = healthy(live, states, roles) and all(unit.running for unit in kept_up)
    # What is enabled comes back at boot, whatever it does now; what answers runs, whatever its runtime tells.
    down = all(unit.down and not unit.enabled for host in roles.services for unit in states[host].units.values())
    down = down and not any(states[host].healthy for host in roles.services)
    if intent.with_database:
        down = down and all(unit.down for host in roles.data for unit in states[host].datastores.values())
    return Plan(
        verb=intent.verb,
        live=live,
        slot=live,
        release_id=current,
        live_release=current,
        settle=settle,
        nothing=(up and (not held or intent.keep_page) and not settle)
        if intent.verb is Verb.STARTUP
        else (down and held),
        with_database=intent.with_database,
        keep_page=intent.keep_page,
        instances=roles.instances(states, live),
    )


def _all_were_asked(instances: Mapping[str, int], states: Mapping[str, HostState], roles: Roles) -> bool:
    """Tell whether each service host answered for all instances that an edge may use: it asks those it was told of."""
    return all(
        states[host].instances.get(name, 1) >= instances.get(name, 1)
        for host in roles.services
        for name in roles.services_of.get(host, ())
    )


def _check_tools(verb: Verb, states: Mapping[str, HostState]) -> None:
    lacking = {
        host: [tool for tool in state.missing_tools if ONLY_FOR.get(tool, verb) is verb]
        for host, state in states.items()
    }
    missing = {host: tools for host, tools in lacking.items() if tools}
    if missing:
        named = "; ".join(f"{host} lacks {', '.join(tools)}" for host, tools in missing.items())
        raise BadInput(f"{named}; nothing was touched", next_step="install them on those hosts")
    unusable = {host: state.unusable for host, state in states.items() if state.unusable}
    if unusable:
        named = "; ".join(f"{host}: {', '.join(reasons)}" for host, reasons in unusable.items())
        raise BadInput(f"{named}; nothing was touched", next_step="mend that on those hosts; fab startup may do it")
