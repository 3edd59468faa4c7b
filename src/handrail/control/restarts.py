"""Programs in the live slot that were started again by themselves: which, how long ago, and why."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from handrail.hosts.restarts import ask_restarts, read_restarts
from handrail.model.level import Finding, Level
from handrail.model.live import live_slot
from handrail.model.restarts import Program, Restarted
from handrail.runtimes.protocol import Instance
from handrail.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handrail.control.connections import Connections
    from handrail.control.look import Look
    from handrail.model.restarts import Restarts
    from handrail.secrets import Secret


def live_programs(look: Look) -> dict[Program, Instance]:
    """Name what should run in the live slot; nothing when an edge did not answer, which alone knows that slot."""
    if any(host not in look.states for host in look.roles.edges):
        return {}
    system, live = look.environment.system, live_slot(look.states, look.roles)
    wanted = look.roles.instances(look.states, live)
    return {
        (host, service.name, live, number): Instance(system.name, system.root, service, live, number)
        for host in look.states
        for service in look.environment.services_on(host)
        for number in range(1, wanted[service.name] + 1)
    }


def restarted(
    connections: Connections, programs: Mapping[Program, Instance], *, secrets: Mapping[str, Secret]
) -> dict[Program, Restarted]:
    """Ask the hosts of these programs about them, all at once."""
    mine: dict[str, list[Instance]] = defaultdict(list)
    for (host, *_), one in programs.items():
        mine[host].append(one)
    replies = connections.on_each(mine, lambda host: connections.ask(host, ask_restarts(mine[host])))
    return {
        (host, *place): Restarted(told.age, masked(told.why, secrets))
        for host, reply in replies.items()
        for place, told in read_restarts(reply, mine[host]).items()
    }


def risen(
    look: Look, connections: Connections, restarts: Restarts, *, secrets: Mapping[str, Secret]
) -> Iterable[Finding]:
    """Find the programs that were started again since the first look: an ALERT with the reason, at every look."""
    counts = {
        (host, *place): unit.restarts for host, state in look.states.items() for place, unit in state.units.items()
    }
    live = live_programs(look)
    more = {program: count for program, count in restarts.risen(counts).items() if program in live}
    if not more:
        return
    told = restarted(connections, {program: live[program] for program in more}, secrets=secrets)
    for program, count in more.items():
        host, service, slot, number = program
        where = f"on {slot}" if number == 1 else f"on {slot}, instance {number}"
        text = f"{where}, {told.get(program, Restarted()).words(count, 'since the watch began')}"
        yield Finding(Level.ALERT, service, host, text)
