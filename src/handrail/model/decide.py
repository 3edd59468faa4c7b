"""What to do next, decided from what is: no I/O, no clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.errors import BadInput, FleetMixed, Refused, ReleaseUnknown
from handrail.model.decide_turns import plan_turns, unsettled
from handrail.model.intent import Intent, Verb
from handrail.model.plan import Plan
from handrail.model.slot import Slot
from handrail.model.switch import switch
from handrail.model.version import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.host_state import HostState
    from handrail.model.roles import Roles

# What brings services or traffic back while a failover is half done would have the old database written to.
MUST_WAIT = frozenset({Verb.DEPLOY, Verb.ROLLBACK, Verb.RESTART, Verb.STARTUP, Verb.SCALE, Verb.RESUME, Verb.REHEARSE})
# The live release once more, from new programs.
SAME_AGAIN = frozenset({Verb.RESTART, Verb.PROMOTE})
# Tools that one verb alone has a use for.
ONLY_FOR = {"logrotate": Verb.LOGROTATE}
# What needs no runtime; a full disk is what often makes one unusable, and freeing it must not wait for that runtime.
IN_ANY_STATE = frozenset(
    {Verb.HOLD, Verb.RESUME, Verb.STARTUP, Verb.DISK, Verb.BACKUP, Verb.CERTIFICATE, Verb.RENEW, Verb.BACK}
)


def live_slot(states: Mapping[str, HostState], roles: Roles) -> Slot:
    """Tell which slot has the traffic; where edges disagree, the newest confirmed one that is healthy on every host."""
    gates = [states[host].gate for host in roles.edges]
    if not any(gate.record_token for gate in gates):
        return _last_good_slot(states, roles) or gates[0].confirmed
    if len({gate.confirmed for gate in gates}) == 1:
        return gates[0].confirmed
    by_token = sorted(gates, key=lambda gate: gate.record_token, reverse=True)
    healthy = [gate.confirmed for gate in by_token if _healthy(gate.confirmed, states, roles)]
    return (healthy or [by_token[0].confirmed])[0]


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


def decide(intent: Intent, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Turn a request and the state of the hosts into a plan.

    Raises ReleaseUnknown when there is no release to go to.
    """
    if intent.verb not in IN_ANY_STATE:
        _check_tools(intent.verb, states)
    _check_failover(intent.verb, states)
    live = live_slot(states, roles)
    gates = [states[host].gate for host in roles.edges]
    settle = any(not gate.settled or gate.confirmed != live for gate in gates)
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
    target, digest = _target(intent, current_id, states, roles)
    slot = live.other
    nothing = intent.verb not in SAME_AGAIN and target == current_id and not settle and _healthy(live, states, roles)
    instances = roles.instances(states, live)
    warm = (
        intent.verb not in SAME_AGAIN
        and _all_were_asked(instances, states, roles)
        and all(states[host].slots.get(slot) == target for host in roles.services)
        and _healthy(slot, states, roles)
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
        # One that proved good here has migrated already.
        backup=intent.verb is Verb.DEPLOY
        and roles.backup
        and not all(target in states[host].good for host in roles.services),
        # Likewise: it has changed nothing by now that a snapshot would have without.
        snapshot=intent.verb is Verb.DEPLOY
        and roles.snapshot
        and not all(target in states[host].good for host in roles.services),
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
    target, digest = _rehearsed(intent, current, states, roles)
    if not _healthy(live, states, roles):
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
        cooled=found.pop() if len(found) == 1 and _healthy(live.other, states, roles) else "",
    )


def _plan_scale(intent: Intent, live: Slot, *, settle: bool, states: Mapping[str, HostState], roles: Roles) -> Plan:
    """Plan for another number of instances of one service in the live slot, on each of its hosts."""
    current = live_release(live, states, roles)
    if not current:
        raise ReleaseUnknown("there is no live release to scale", next_step="fab deploy VERSION")
    if not _healthy(live, states, roles):
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
    up = _healthy(live, states, roles) and all(unit.running for unit in kept_up)
    down = not any(unit.running for host in roles.services for unit in states[host].units.values())
    if intent.with_database:
        down = down and not any(unit.running for host in roles.data for unit in states[host].datastores.values())
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


def _last_good_slot(states: Mapping[str, HostState], roles: Roles) -> Slot | None:
    """Tell what the service hosts know when every edge is new: the healthy slot whose release proved good last."""
    good = states[roles.services[0]].good if roles.services else ()
    known = {states[roles.services[0]].slots.get(slot): slot for slot in Slot if _healthy(slot, states, roles)}
    return next((known[release] for release in reversed(good) if release in known), None)


def _healthy(slot: Slot, states: Mapping[str, HostState], roles: Roles) -> bool:
    return bool(roles.services) and all(
        states[host].serves(slot, roles.services_of.get(host, frozenset())) for host in roles.services
    )


def _all_were_asked(instances: Mapping[str, int], states: Mapping[str, HostState], roles: Roles) -> bool:
    """Tell whether each service host answered for all instances that an edge may use: it asks those it was told of."""
    return all(
        states[host].instances.get(name, 1) >= instances.get(name, 1)
        for host in roles.services
        for name in roles.services_of.get(host, ())
    )


def _target(intent: Intent, current_id: str, states: Mapping[str, HostState], roles: Roles) -> tuple[str, str]:
    """Name the release to go to, with its digest where it is known."""
    if intent.release is not None:
        return intent.release.id, intent.release.digest
    if intent.verb in SAME_AGAIN:
        if not current_id:
            what = "restart" if intent.verb is Verb.RESTART else "start on another database"
            raise ReleaseUnknown(f"there is no live release to {what}", next_step="fab deploy VERSION")
        return current_id, _digest(current_id, states, roles)
    known_good = list(states[roles.services[0]].good)
    if intent.version:
        good = [line for line in known_good if version_of(line) == intent.version and line != current_id]
    else:
        # Only what was good before the live one: whoever went back by hand is not sent forward again.
        good = known_good[: known_good.index(current_id)] if current_id in known_good else known_good
    if not good:
        wanted = f"release {intent.version}" if intent.version else "an earlier good release"
        known = ", ".join(map(version_of, known_good)) or "none"
        raise ReleaseUnknown(
            f"{wanted} is not on the hosts; good releases there: {known}",
            next_step="fab history shows what was deployed; fab deploy VERSION brings any release",
        )
    return good[-1], _digest(good[-1], states, roles)


def _rehearsed(intent: Intent, current_id: str, states: Mapping[str, HostState], roles: Roles) -> tuple[str, str]:
    """Name the release to try: the live one, which is where a rollback goes after the next deploy, or a good one."""
    if not current_id:
        raise ReleaseUnknown("there is no live release, hence no rollback to rehearse", next_step="fab deploy VERSION")
    if not intent.version or version_of(current_id) == intent.version:
        return current_id, _digest(current_id, states, roles)
    return _target(intent, current_id, states, roles)


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


def _digest(release_id: str, states: Mapping[str, HostState], roles: Roles) -> str:
    digests: Sequence[str] = [states[host].staged.get(release_id, "") for host in roles.services]
    return next((digest for digest in digests if digest), "")
