"""Ask a host about programs that were started again: how long ago, and what they logged last."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.hosts.script import Command, shell_line
from handrail.model.reason import reason
from handrail.model.restarts import Restarted
from handrail.runtimes import RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Reply
    from handrail.runtimes.protocol import Instance, Place

# `docker events` of a day is the slowest of what is asked.
ASK_SECONDS = 15


def ask_restarts(instances: Sequence[Instance]) -> Command:
    """Build the command for the instances of one host."""
    first = instances[0]
    words = [
        word
        for one in instances
        for runtime in [RUNTIMES[one.service.runtime]]
        for word in (one.name, shell_line([runtime.pid(one)]), shell_line([runtime.log(one, lines=20)]))
    ]
    return Command(("restarts",), (first.root, f"/run/handrail/{first.system}", *words), ASK_SECONDS)


def read_restarts(reply: Reply, instances: Sequence[Instance]) -> dict[Place, Restarted]:
    """Understand what was answered; nothing of a host that did not."""
    if not reply.outcome.good:
        return {}
    ages = dict(line.split(" ", 1) for line in reply.values("age"))
    return {
        one.place: Restarted(
            timedelta(milliseconds=int(ages[one.name]) * 10) if ages.get(one.name, "") else None,
            reason(reply.block(f"log {one.name}")),
        )
        for one in instances
    }
