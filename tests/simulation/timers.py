"""How an edge goes back by itself: the timers that gate_do.sh arms, and gate_revert.sh, which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import invariants
from tests.simulation.world import CONFIRM, LATE

if TYPE_CHECKING:
    from handrail.model.slot import Slot
    from tests.simulation.hosts import Host
    from tests.simulation.message import Message

# gate_revert.sh: what an edge that does not answer costs, when and how long the first one is asked again, and how long
# the lock is awaited.
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
        ask((host, host.boot, timer, peers, host.world.now + ASK_FOR), 0, answered=False)


# Who asks since which boot because of which timer, whom, and until when.
Question = tuple["Host", int, tuple[int, str], tuple[str, ...], float]


def ask(question: Question, index: int, answered: bool) -> None:
    """Ask the next edge; `answered` says whether the first one did."""
    host, boot, timer, peers, until = question
    world = host.world
    if boot != host.boot:
        return
    if index == len(peers):
        if answered or world.now >= until or world.bug == "ask-once":
            act(host, boot, timer, LOCK_WAITS, confirmed=False)
        else:
            world.at(ASK_AGAIN, ask, question, 0, False)
        return
    peer = world.hosts[peers[index]]
    if timer[0] in peer.decisions and peer.up:
        act(host, boot, timer, LOCK_WAITS, confirmed=True)
        return
    answered = answered or (index == 0 and peer.up)
    world.at(0.01 if peer.up else SILENT_PEER, ask, question, index + 1, answered)


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
        host.world.tell(
            "timer", "confirms as another edge did" if confirmed else "goes back", host.name, f"token {token}"
        )
        if confirmed:
            settle(host, slot, token, decision=True)
        else:
            del host.pending[slot]
    for slot in [slot for slot, owner in host.shares.items() if owner == token]:
        del host.shares[slot]
    invariants.traffic(host.world)


def _act_later(host: Host, boot: int, timer: tuple[int, str], waits: int, confirmed: bool) -> None:
    act(host, boot, timer, waits, confirmed=confirmed)
