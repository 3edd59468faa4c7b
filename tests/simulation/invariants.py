"""What must hold, checked after every change, at the end of each run, and when nothing is due any more.

1. The traffic of an edge only goes to a slot whose services passed their health check on every service host, and no
   slot is emptied or stopped while an edge points at it. It is spread only over instances that passed theirs on every
   service host, and none is stopped that an edge still uses. An edge that no run has ever settled or confirmed points
   at the blue slot, whatever is there: it had no traffic that it could lose.
2. When no controller is left and all timers have fired, all edges serve one slot, and it holds one release.
3. A command with an old token changes nothing, and no token changes while a command of another run is under way.
4. A run without faults from whatever state, lost hosts taken out or replaced, ends with exit 0 and one release.
5. The verdict does not lie: 0 means that every edge serves the target, over as many instances as were asked for,
   1 that every edge serves what it served before, 4 that another run has or had the lease, 5 that an edge or its
   answer was lost.
6. A release is good only if a run confirmed it, and no lease outlives its time.
7. A rehearsal changes no edge. After its exit 0 the idle slot has the release that was tried and runs nothing of it;
   the live one is as it was.
8. A deploy that asks for a dump of its own neither migrates nor moves traffic before every database has one.

What cannot be promised is the second in two cases; the fourth then brings one release again:
- an edge reboots between its cutover and the confirmation, and nobody tells it of the confirmation afterwards: the
  reboot forgot the cutover and with it the timer that would have asked;
- the first edge is lost after it confirmed and before every other edge heard of it. Those that are left ask each other
  for two minutes and agree, unless the controller reaches one of them only after another has given up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Outcome
from handrail.model.intent import Verb
from handrail.model.slot import Slot
from tests.simulation import scale
from tests.simulation.world import LEASE

if TYPE_CHECKING:
    from handrail.model.plan import Plan
    from tests.simulation.controller import Run
    from tests.simulation.hosts import Host
    from tests.simulation.message import Message
    from tests.simulation.world import World

# What an edge is asked to do with its traffic.
GATE_MOVES = frozenset({Do.SETTLE, Do.SHARE, Do.CUT_OVER, Do.CONFIRM, Do.GO_BACK, Do.HOLD, Do.RESUME, Do.SPREAD})


class BreachError(AssertionError):
    """An invariant does not hold."""


def effective(host: Host) -> Slot:
    """Tell the slot that gets an edge's traffic, as the edge's configuration asks the file system."""
    pending = host.pending
    if not pending:
        return host.confirmed
    return Slot.BLUE if Slot.BLUE in pending else Slot.GREEN


def traffic(world: World) -> None:
    """Check the first: after every change of an edge."""
    services = world.services()
    for edge in world.edges():
        if edge.blank:
            continue
        slots = {effective(edge), *edge.shares} if edge.shares else (effective(edge),)
        for slot in slots:
            for host in services:
                if host.blank or host.passed.issuperset(scale.used(edge, host, slot)):
                    continue
                if slot is edge.confirmed and (edge.record == 0 or not host.slots[slot]):
                    continue
                raise BreachError(f"1: {edge.name} sends traffic to {slot}, which is not healthy on {host.name}")


def nobody_points_at(host: Host, slot: Slot, name: str, above: int) -> None:
    """Check the first: before a slot is emptied, or instances above a number are stopped."""
    for edge in host.world.edges():
        points = not edge.blank and (effective(edge) is slot or slot in edge.shares) and host.slots[slot]
        if points and scale.counts(edge).get(name, 1) > above:
            what = f"{slot}" if above == 0 else f"{name} above {above} in {slot}"
            raise BreachError(f"1: {what} is stopped on {host.name} while {edge.name} points at it")


def newest_token(host: Host, message: Message) -> None:
    """Check the third: as a command begins and as it ends."""
    if message.token != host.fence:
        what = f"{message.do} of {message.run.name} with token {message.token}"
        raise BreachError(f"3: {what} changes {host.name}, which has seen {host.fence}")


def note_loss(host: Host) -> None:
    """Remember a loss after which the second cannot be promised."""
    waiting = {token for edge in host.world.edges() for token, _ in edge.pending.values()}
    if waiting & host.decisions:
        host.world.excused = f"{host.name} was lost with a decision that not every edge had heard"


def quiet(world: World) -> None:
    """Check the second and the sixth: nothing is due any more."""
    for host in world.living():
        if host.lease is not None and host.lease[1] > host.clock() + LEASE:
            raise BreachError(f"6: the lease of {host.name} lives longer than it may")
        wrong = [release for release in host.good if release not in world.proven]
        if wrong:
            raise BreachError(f"6: {', '.join(wrong)} is good on {host.name}, but no run confirmed it")
    problem = _mixed(world)
    if problem and not _excused(world):
        raise BreachError(f"2: {problem}")


def _mixed(world: World) -> str:
    edges = world.edges()
    for edge in edges:
        if edge.pending or edge.shares:
            return f"{edge.name} still has an unconfirmed cutover or share"
    if len({edge.confirmed for edge in edges}) > 1:
        return ", ".join(f"{edge.name} serves {edge.confirmed} since token {edge.record}" for edge in edges)
    for slot in {edge.confirmed for edge in edges}:
        releases = {host.name: host.slots[slot] for host in world.services() if not host.blank}
        if len(set(releases.values())) > 1:
            return f"{slot} holds different releases: {releases}"
    return ""


def _excused(world: World) -> bool:
    if world.excused:
        return True
    decided = {token for host in world.hosts.values() for token in host.decisions}
    for edge in world.edges():
        if edge.forgotten & decided - edge.decisions:
            world.excused = f"{edge.name} rebooted before it heard of a decision, and nobody told it afterwards"
    return bool(world.excused)


def healed(world: World, run: Run) -> None:
    """Check the fourth: after a run without faults."""
    if run.verdict is None or run.verdict.exit_code != 0:
        raise BreachError(f"4: a run without faults ends with {run.verdict}")
    problem = _mixed(world)
    if problem:
        raise BreachError(f"4: after a run without faults {problem}")


def truthful(run: Run) -> None:
    """Check the fifth: as a run ends."""
    world, fleet, plan = run.world, run.fleet, run.fleet.plan
    code = run.verdict.exit_code if run.verdict else -1
    overtaken = any(world.hosts[name].fence > token for name, token in fleet.tokens.items())
    outcomes = [outcome for by_host in fleet.outcomes.values() for outcome in by_host.values()]
    match code:
        case 4 if Outcome.HELD not in outcomes and not overtaken:
            raise BreachError("5: exit 4, and nobody else had the lease")
        case 5:
            unheard = [
                edge
                for by_host in fleet.outcomes.values()
                for edge in fleet.roles.edges
                if by_host.get(edge) in {Outcome.UNKNOWN, Outcome.INTERRUPTED}
            ]
            if not unheard:
                raise BreachError("5: exit 5, and every edge has answered")
        case 0 | 1 if plan is not None and not overtaken:
            moved = code == 0 and not plan.nothing and plan.verb is not Verb.REHEARSE
            _served_as_told(world, run, plan.slot if moved else plan.live, code)
            if plan.verb is Verb.REHEARSE:
                _rehearsed(world, run, plan, code)


def _served_as_told(world: World, run: Run, slot: Slot, code: int) -> None:
    plan = run.fleet.plan
    for edge in world.edges():
        if code == 0 and plan and plan.service and edge.name in run.fleet.roles.edges:
            count = plan.instances[plan.service]
            if edge.told[plan.service] != count:
                raise BreachError(f"5: exit 0, but {edge.name} does not spread {plan.service} over {count}")
        if edge.name in run.fleet.roles.edges and (effective(edge) is not slot or edge.shares):
            raise BreachError(f"5: exit {code}, but {edge.name} does not serve {slot} alone")
    wanted = plan.live_release if plan and plan.verb is Verb.REHEARSE else plan.release_id if plan else ""
    for host in world.services():
        if code == 0 and plan and host.name in run.fleet.roles.services and host.slots[slot] != wanted:
            raise BreachError(f"5: exit 0, but {slot} of {host.name} is not {wanted}")


def _rehearsed(world: World, run: Run, plan: Plan, code: int) -> None:
    """Check the seventh: as a rehearsal ends."""
    for host in world.services() if code == 0 else ():
        if host.name not in run.fleet.roles.services:
            continue
        if host.slots[plan.slot] != plan.release_id:
            raise BreachError(f"7: exit 0, but {plan.slot} of {host.name} is not {plan.release_id}")
        running = [name for name, slot in host.healthy if slot is plan.slot]
        if running:
            raise BreachError(f"7: exit 0, but {', '.join(running)} still runs in {plan.slot} of {host.name}")


def dumped_first(message: Message) -> None:
    """Check the eighth: as a command arrives."""
    if message.do not in {Do.MIGRATE, Do.SHARE, Do.CUT_OVER} or not message.plan.backup or message.plan.warm:
        return
    run = message.run
    lacking = [name for name in run.fleet.roles.data if run.name not in run.world.hosts[name].dumped]
    if lacking:
        raise BreachError(f"8: {run.name} goes on to {message.do} without a dump of {', '.join(lacking)}")


def leaves_edges_alone(message: Message) -> None:
    """Check the seventh: as a command arrives."""
    if message.run.intent.verb is Verb.REHEARSE and message.do in GATE_MOVES:
        raise BreachError(f"7: a rehearsal asks {message.host.name} to {message.do}")
