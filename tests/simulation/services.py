"""What the scripts do with releases and services on a simulated host, and what looks at them through an edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Outcome
from handrail.model.intent import Verb
from tests.simulation import invariants, scale
from tests.simulation.world import BAKE, CONFIRM

if TYPE_CHECKING:
    from collections.abc import Callable

    from handrail.model.slot import Slot
    from tests.simulation.hosts import Host
    from tests.simulation.message import Message

# Service.health.deadline in model/service.py.
HEALTH_DEADLINE = 30
KEEP = 3


def stage(host: Host, message: Message) -> None:
    """stage.sh: a release appears whole or not at all."""
    if message.plan.release_id in host.staged:
        message.reply(Outcome.UNCHANGED)
    else:
        host.hold(message, host.world.random.uniform(1, 15), _staged)


def _staged(host: Host, message: Message) -> None:
    if host.full:
        message.reply(Outcome.FAILED, "the disk is full")
    else:
        host.staged.add(message.plan.release_id)
        message.reply(Outcome.OK)


def ready(host: Host, message: Message) -> None:
    """ready_slot.sh on a service host, ready_edge.sh on an edge, one after the other on a host that is both."""
    plan = message.plan
    if host.is_service and plan.verb.moves_release and not plan.warm:
        if plan.release_id not in host.staged:
            message.reply(Outcome.FAILED, "the release is not staged")
            return
        _stop(host, plan.slot, host.names)
    scale.tell_if_new(host, message)
    host.hold(message, host.world.random.uniform(0.2, 2), _readied)


def _readied(host: Host, message: Message) -> None:
    if host.is_service and message.plan.verb.moves_release and not message.plan.warm:
        host.slots[message.plan.slot] = message.plan.release_id
    if host.is_edge and message.plan.verb is not Verb.REHEARSE:
        host.blank = False
        scale.configure(host, message.run.fleet)
        invariants.traffic(host.world)
    message.reply(Outcome.OK)


def start(host: Host, message: Message) -> None:
    """start.sh: start a service of the slot, each of its instances, and wait until it is healthy."""
    units = _to_start(host, message)
    host.enabled |= units
    if units:
        sick = _sick(host, message.plan.slot) or host.world.cramped == "start"
        host.hold(message, HEALTH_DEADLINE if sick else host.world.random.uniform(0.5, 12), _started)
    else:
        message.reply(Outcome.UNCHANGED)


def _to_start(host: Host, message: Message) -> set[tuple[str, Slot]]:
    plan, name = message.plan, host.names[message.part]
    if plan.service not in {"", name}:
        return set()
    return {(one, plan.slot) for one in scale.wanted(plan, name)[plan.before if host.world.bug == "start-new" else 0 :]}


def _sick(host: Host, slot: Slot) -> bool:
    return (host.name, host.slots[slot]) in host.world.sick


def _started(host: Host, message: Message) -> None:
    units = _to_start(host, message)
    cramped = host.world.cramped == "start" and message.plan.verb is Verb.SCALE
    if _sick(host, message.plan.slot) or cramped or not units <= host.enabled:
        message.reply(Outcome.FAILED, "not healthy in time")
        return
    host.healthy |= units
    host.passed |= units
    message.reply(Outcome.OK, "healthy")


def comes_back(host: Host, boot: int, unit: tuple[str, Slot]) -> None:
    """A service that was enabled is healthy again after a reboot."""
    if boot == host.boot and unit in host.enabled and not _sick(host, unit[1]):
        host.healthy.add(unit)


def stop(host: Host, message: Message) -> None:
    """stop.sh: stop one generation of services in the idle slot, or the instances that go."""
    plan, name = message.plan, host.names[message.part]
    if plan.service in {"", name}:
        least = min(plan.before, plan.instances[name]) if plan.service else 0
        _stop(host, plan.slot, (name,), above=least)
    host.hold(message, host.world.random.uniform(0.1, 2), _answer_ok)


def _stop(host: Host, slot: Slot, names: tuple[str, ...], *, above: int = 0) -> None:
    for name in names:
        invariants.nobody_points_at(host, slot, name, above)
        gone = {(one, slot) for one in scale.labels(name, above + 1, scale.MOST)}
        for units in (host.enabled, host.healthy, host.passed):
            units.difference_update(gone)


def _answer_ok(host: Host, message: Message) -> None:
    message.reply(Outcome.OK)


def migrate(host: Host, message: Message) -> None:
    """run_once.sh."""
    host.hold(message, host.world.random.uniform(0.5, 5), _answer_ok)


def back_up(host: Host, message: Message) -> None:
    """backup_take.sh and backup_end.sh: a dump holds no lock, and ends by itself once its run has lost the lease."""
    if message.part:
        host.dumping = ""
        message.reply(Outcome.OK)
        return
    host.dumping = message.run.name
    host.world.at(host.world.random.uniform(0.5, 40), _dumped, host, host.boot, message)


def _dumped(host: Host, boot: int, message: Message) -> None:
    mine, host.dumping = host.dumping == message.run.name, ""
    if boot != host.boot:
        message.silent(0.0)
    elif message.token != host.fence:
        message.reply(Outcome.REFUSED, "the dump is ended")
    elif host.world.undumpable or not mine:
        message.reply(Outcome.FAILED, "no dump")
    else:
        host.dumped.add(message.run.name)
        message.reply(Outcome.OK)


def drain(host: Host, message: Message) -> None:
    """drain.sh: changes nothing."""
    message.reply(Outcome.OK, after=host.world.random.uniform(0.1, 5))


def verify(host: Host, message: Message) -> None:
    """verify.sh: ask through the edge which release is served."""
    plan, world = message.plan, host.world
    served = {one.slots[invariants.effective(host)] for one in world.services() if one.up}
    cramped = world.cramped == "verify" and plan.verb is Verb.SCALE
    if host.blank or cramped or served != {plan.release_id} or world.rotten.get(plan.release_id) == "verify":
        message.reply(Outcome.FAILED, f"served by {', '.join(sorted(served))}", after=0.2)
    else:
        message.reply(Outcome.OK, after=0.2)


def bake(host: Host, message: Message) -> None:
    """bake.sh: watch what the edge answers."""
    world = host.world
    seconds = world.random.uniform(CONFIRM - BAKE, CONFIRM + BAKE) if world.slow_bake else BAKE
    world.at(seconds, _baked, host, message)


def _baked(host: Host, message: Message) -> None:
    if host.world.rotten.get(message.plan.release_id) == "bake":
        message.reply(Outcome.FAILED, "too many errors")
    elif host.up:
        message.reply(Outcome.OK)
    else:
        message.silent(0.0)


def steady(host: Host, message: Message) -> None:
    """steady.sh: ask each service that was started whether it still runs as it did."""
    plan = message.plan
    restless = host.world.rotten.get(plan.release_id) == "bake"
    units = [(one, plan.slot) for name in host.names if plan.service in {"", name} for one in scale.wanted(plan, name)]
    good = host.healthy.issuperset(units) and not restless
    message.reply(Outcome.OK if good else Outcome.FAILED, after=0.2)


def finish(host: Host, message: Message) -> None:
    """finish.sh: keep the good releases, prune the rest, give the lease back."""
    good, bad = message.good, message.bad
    if good or bad:
        host.good = [one for one in host.good if one not in (good, bad)]
        if good:
            host.good.append(good)
        host.good = host.good[-KEEP:]
    host.staged.intersection_update({*host.good, *host.slots.values()})
    host.lease = None
    message.reply(Outcome.OK)


COMMANDS: dict[Do, Callable[[Host, Message], None]] = {
    Do.STAGE: stage,
    Do.READY: ready,
    Do.START: start,
    Do.BACK_UP: back_up,
    Do.MIGRATE: migrate,
    Do.VERIFY: verify,
    Do.WATCH_SHARE: bake,
    Do.BAKE: bake,
    Do.STEADY: steady,
    Do.DRAIN: drain,
    Do.STOP: stop,
    Do.FINISH: finish,
}
