"""What the scripts do with the traffic of a simulated edge: gate_do.sh, and gate_revert.sh, which its timers run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Outcome
from tests.simulation import invariants
from tests.simulation.world import CONFIRM, LATE

if TYPE_CHECKING:
    from handrail.model.slot import Slot
    from tests.simulation.controller import Message
    from tests.simulation.hosts import Host

# gate_revert.sh: an edge that does not answer costs so much; the first edge is asked again for so long; the lock is awaited.
SILENT_PEER = 3.0
ASK_AGAIN = 5.0
ASK_FOR = 120.0
LOCK_WAITS = 30


def settle(host: Host, slot: Slot, token: int, *, decision: bool) -> None:
    """Make a slot the confirmed one. What it confirmed before stays known while the slot stays the same."""
    if slot is not host.confirmed or host.world.bug == "forgetful-settle":
        host.decisions.clear()
    if decision or host.world.bug == "settle-decides":
        host.decisions.add(token)
    host.confirmed, host.record = slot, token
    host.pending.pop(slot, None)
    invariants.traffic(host.world)


def settle_edge(host: Host, message: Message) -> None:
    """Forget what a dead run left, and agree with the other edges."""
    host.timers.clear()
    host.shares.clear()
    host.pending.clear()
    settle(host, message.plan.live, message.token, decision=False)
    message.reply(Outcome.OK, message.plan.live)


def share(host: Host, message: Message) -> None:
    """Give the new slot a share of the requests."""
    if _too_late(host, message):
        return
    arm(host, message, "share")
    host.shares[message.plan.slot] = message.token
    invariants.traffic(host.world)
    message.reply(Outcome.OK)


def cut_over(host: Host, message: Message) -> None:
    """Move the traffic until the timer is due."""
    if _too_late(host, message):
        return
    slot = message.plan.slot
    arm(host, message, "cut over")
    host.pending[slot] = (message.token, host.clock() + CONFIRM)
    host.pending.pop(slot.other, None)
    host.shares.clear()
    host.timers.pop((message.token, "share"), None)
    invariants.traffic(host.world)
    message.reply(Outcome.OK, slot)


def confirm(host: Host, message: Message) -> None:
    """Make the cutover last. The first edge decides, as long as its timer is not due; the others follow in any case."""
    slot, token = message.plan.slot, message.token
    mine = host.pending.get(slot, (0, 0.0))
    if mine[0] != token and (message.part == 0 or host.world.bug == "timid-follower"):
        if (host.record, host.confirmed) == (token, slot):
            message.reply(Outcome.UNCHANGED)
        else:
            message.reply(Outcome.FAILED, "the cutover is no longer here")
        return
    if message.part == 0 and host.clock() >= mine[1]:
        message.reply(Outcome.FAILED, "too late to confirm")
        return
    settle(host, slot, token, decision=True)
    host.world.proven.add(message.plan.release_id)
    host.timers.pop((token, "cut over"), None)
    message.reply(Outcome.OK, slot)


def back(host: Host, message: Message) -> None:
    """Take this run's cutover and share back, also those that have not arrived yet."""
    slot, token = message.plan.slot, message.token
    if host.pending.get(slot, (0, 0.0))[0] == token:
        del host.pending[slot]
    host.shares.pop(slot, None)
    host.gone_back.add(token)
    host.timers.pop((token, "cut over"), None)
    host.timers.pop((token, "share"), None)
    message.reply(Outcome.OK)


def _too_late(host: Host, message: Message) -> bool:
    late = message.token in host.gone_back and host.world.bug != "late-cutover"
    if late:
        message.reply(Outcome.FAILED, "this run has gone back already")
    return late


def arm(host: Host, message: Message, verb: str) -> None:
    """Arm a timer of this host's own."""
    if host.world.bug == "no-timer":
        return
    edges = message.run.fleet.roles.edges
    host.serial += 1
    host.timers[message.token, verb] = host.serial
    seconds = CONFIRM + (0 if host.name == edges[0] else LATE) + host.world.random.uniform(0, 0.1)
    host.after(seconds, due, host, (message.token, verb), host.serial, edges)


def due(host: Host, timer: tuple[int, str], serial: int, edges: tuple[str, ...]) -> None:
    """A timer is due: the first edge goes back, the others ask."""
    if host.timers.get(timer) != serial:
        return
    del host.timers[timer]
    host.world.tell("timer", f"of {timer[1]} with token {timer[0]} is due", host.name)
    if host.name == edges[0]:
        act(host, host.boot, timer, LOCK_WAITS, confirmed=False)
    else:
        peers = tuple(edge for edge in edges if edge != host.name)
        ask(host, host.boot, timer, peers, 0, host.world.now + ASK_FOR, False)  # noqa: FBT003


def ask(  # noqa: PLR0913  # what one question after the other must remember
    host: Host, boot: int, timer: tuple[int, str], peers: tuple[str, ...], index: int, until: float, answered: bool
) -> None:
    """Ask the next edge; `answered` says whether the first one did."""
    world = host.world
    if boot != host.boot:
        return
    if index == len(peers):
        if answered or world.now >= until or world.bug == "ask-once":
            act(host, boot, timer, LOCK_WAITS, confirmed=False)
        else:
            world.at(ASK_AGAIN, ask, host, boot, timer, peers, 0, until, False)  # noqa: FBT003
        return
    peer = world.hosts[peers[index]]
    if timer[0] in peer.decisions and peer.up:
        act(host, boot, timer, LOCK_WAITS, confirmed=True)
        return
    answered = answered or (index == 0 and peer.up)
    world.at(0.01 if peer.up else SILENT_PEER, ask, host, boot, timer, peers, index + 1, until, answered)


def act(host: Host, boot: int, timer: tuple[int, str], waits: int, *, confirmed: bool) -> None:
    """Under the lock, confirm what another edge knows to be confirmed, or go back."""
    if boot != host.boot:
        return
    if host.sharing and waits:
        host.world.at(1.0, _act_later, host, boot, timer, waits - 1, confirmed)
        return
    token = timer[0]
    for slot, (owner, _) in list(host.pending.items()):
        if owner != token:
            continue
        host.world.tell("timer", "confirms as another edge did" if confirmed else "goes back", host.name, f"token {token}")
        if confirmed:
            settle(host, slot, token, decision=True)
        else:
            del host.pending[slot]
    for slot in [slot for slot, owner in host.shares.items() if owner == token]:
        del host.shares[slot]
    invariants.traffic(host.world)


def _act_later(host: Host, boot: int, timer: tuple[int, str], waits: int, confirmed: bool) -> None:
    act(host, boot, timer, waits, confirmed=confirmed)


COMMANDS: dict[Do, Callable[[Host, Message], None]] = {
    Do.SETTLE: settle_edge,
    Do.SHARE: share,
    Do.CUT_OVER: cut_over,
    Do.CONFIRM: confirm,
    Do.GO_BACK: back,
}
