"""What may go wrong while a run sends one of its messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from handrail.model.fleet import Do
from tests.simulation.world import CONFIRM, LEASE

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.message import Message


class Kind(StrEnum):
    """A fault of the controller, of a host, or of the line between them."""

    KILL = "the controller dies before this message"
    PAUSE = "the controller sleeps before this message"
    INTERRUPT = "the operator interrupts"
    LOSE = "a host is lost"
    REBOOT = "a host reboots"
    NO_REQUEST = "the message never arrives"
    NO_REPLY = "the reply is lost"
    CUT = "the connection breaks while the command runs"
    SLOW = "the message takes long"


@dataclass(frozen=True, slots=True)
class Fault:
    """`delay` after the message was sent, at `host`, or at the host that the message goes to."""

    kind: Kind
    delay: float = 0.0
    host: str = ""
    seconds: float = 0.0


# Before, during and after what a short or a long command does.
DELAYS = (0.0, 0.0, 0.05, 0.12, 0.3, 2.0, 10.0, 45.0)


# The how manyeth message of a run, or of one kind of step.
Moment = int | tuple[Do, int]
# A run of three hosts sends about so many messages.
MESSAGES = 44
# Where it hurts most.
TENDER = (
    Do.SETTLE, Do.START, Do.SHARE, Do.CUT_OVER, Do.CUT_OVER, Do.VERIFY, Do.BAKE, Do.CONFIRM, Do.CONFIRM, Do.CONFIRM,
    Do.GO_BACK, Do.FINISH,
)  # fmt: skip


def moment(random: Random) -> Moment:
    """Draw when a fault strikes."""
    if random.random() < 0.4:
        return random.randint(1, MESSAGES)
    return random.choice(TENDER), random.randint(0, 2)


def draw(random: Random, hosts: list[str]) -> Fault:
    """Draw a fault."""
    kind = random.choice(KINDS)
    delay = random.choice(DELAYS)
    host = random.choice(hosts) if random.random() < 0.4 else ""
    match kind:
        case Kind.PAUSE:
            seconds = random.choice((random.uniform(1, LATE_ENOUGH), random.uniform(CONFIRM, 3 * CONFIRM)))
        case Kind.REBOOT:
            seconds = random.uniform(3, 90)
        case Kind.SLOW:
            seconds = random.uniform(1, 20)
        case _:
            seconds = 0.0
    return Fault(kind, delay, host, seconds)


KINDS = (*Kind, Kind.KILL, Kind.PAUSE)
LATE_ENOUGH = LEASE + 5


def strike(fault: Fault, message: Message) -> float:
    """Let it happen; tell how much later the message arrives."""
    run, world = message.run, message.run.world
    host = world.hosts[fault.host] if fault.host and fault.kind in {Kind.LOSE, Kind.REBOOT} else message.host
    world.tell("fault", fault.kind, host.name, f"{run.name}, {message.title}")
    match fault.kind:
        case Kind.KILL:
            run.dead = True
        case Kind.PAUSE:
            run.asleep_until = message.sent_at + fault.seconds
        case Kind.INTERRUPT:
            world.at(fault.delay, run.interrupt)
        case Kind.LOSE:
            world.at(fault.delay, host.lose)
        case Kind.REBOOT:
            world.at(fault.delay, host.reboot, fault.seconds)
        case Kind.NO_REQUEST:
            message.lost = "request"
            message.silent(5.0)
        case Kind.NO_REPLY:
            message.lost = "reply"
        case Kind.CUT:
            message.silent(fault.delay + 0.11)
        case Kind.SLOW:
            return fault.seconds
    return 0.0
