"""What gate_do.sh does with the traffic of a simulated edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Outcome
from tests.simulation import invariants
from tests.simulation.timers import arm, settle
from tests.simulation.world import CONFIRM

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.hosts import Host
    from tests.simulation.message import Message


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


COMMANDS: dict[Do, Callable[[Host, Message], None]] = {
    Do.SETTLE: settle_edge,
    Do.SHARE: share,
    Do.CUT_OVER: cut_over,
    Do.CONFIRM: confirm,
    Do.GO_BACK: back,
}
