"""Heads of the journal that hosts keep: who cuts or rewrites the journal cannot reach all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.control.connections import Connections
from handrail.control.show import warning
from handrail.control.task import opened
from handrail.errors import Refused
from handrail.hosts.script import Command
from handrail.model.hosts_only import refuse_on_ecs

if TYPE_CHECKING:
    from collections.abc import Sequence


def heads_on_hosts(inventory: str) -> Sequence[str]:
    """Read the heads that the hosts of an environment were given; raises Refused when none of them answers."""
    here = opened(inventory)
    environment = here.load().environment
    refuse_on_ecs(environment, "audit.verify --inventory")
    command = Command(("heads",), (environment.system.root, f"/run/handrail/{environment.system.name}"), 30)
    with Connections(here) as connections:
        hosts = [host.name for host in environment.all_hosts]
        replies = connections.on_each(hosts, lambda host: connections.ask(host, command))
    lost = {host: reply.words for host, reply in replies.items() if not reply.outcome.good}
    told = "; ".join(f"{host}: {words}" for host, words in lost.items())
    if len(lost) == len(replies):
        # Not 1, as hosts that do not answer end elsewhere: here that says that somebody has touched the journal.
        raise Refused(
            f"no host gives its heads: {told}",
            next_step="fab status shows which hosts answer; fab audit.verify compares with no host",
        )
    if lost:
        warning(f"their heads are not compared: {told}")
    return tuple(dict.fromkeys(line for reply in replies.values() for line in reply.values("head")))
