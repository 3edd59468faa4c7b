"""Ask a host about programs that were started again: how long ago, and what they logged last."""

from __future__ import annotations

from collections import defaultdict
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
    said: dict[str, list[str]] = defaultdict(list)
    for line in reply.values("said"):
        name, _, text = line.partition(" ")
        said[name].append(text)
    return {one.place: Restarted(_age(ages.get(one.name)), reason("\n".join(said[one.name]))) for one in instances}


def _age(hundredths: str | None) -> timedelta | None:
    """Read how long a program runs; in a container of LXC its start may be counted from another boot than the clock."""
    return timedelta(milliseconds=max(0, int(hundredths)) * 10) if hundredths else None
