"""One step of a run: what, on which hosts, and under which condition; and the order in which steps are taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Fleet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from handrail.model.guard import Guard
    from handrail.model.roles import Roles
    from handrail.model.turn import Turn


class Scope(StrEnum):
    """On which hosts a step runs, all of them at once."""

    FIRST = "the first host"
    OTHERS = "every other host"
    ALL = "every host"
    SERVICES = "the service hosts"
    SERVING = "the service hosts and the edges"
    MIGRATOR = "one service host"
    EDGES = "the edges"
    DECIDER = "the first edge"
    FOLLOWERS = "the other edges"
    DATA = "the hosts of the datastores"
    TURN = "the host whose turn it is"
    TURNS = "every host whose turn comes"
    STAND_INS = "the other service hosts"


HOSTS: Mapping[Scope, Callable[[Roles], tuple[str, ...]]] = {
    Scope.FIRST: lambda roles: roles.hosts[:1],
    Scope.OTHERS: lambda roles: roles.hosts[1:],
    Scope.ALL: lambda roles: roles.hosts,
    Scope.SERVICES: lambda roles: roles.services,
    Scope.SERVING: lambda roles: roles.serving,
    Scope.MIGRATOR: lambda roles: (roles.migrator,) if roles.migrator else (),
    Scope.EDGES: lambda roles: roles.edges,
    Scope.DECIDER: lambda roles: roles.edges[:1],
    Scope.FOLLOWERS: lambda roles: roles.edges[1:],
    Scope.DATA: lambda roles: roles.data,
    Scope.TURNS: lambda roles: roles.turns,
}


@dataclass(frozen=True)
class Step:
    """One step: what, in the operator's words, where, and under which condition."""

    do: Do
    title: str
    on: Scope
    when: Guard
    part: int = 0
    # Asked besides `when`, of the host whose turn it is: `part` is its number.
    turn: Turn | None = None

    def hosts(self, fleet: Fleet) -> tuple[str, ...]:
        """The hosts that this step runs on, in order."""
        if self.on is Scope.TURN:
            return fleet.roles.turns[self.part : self.part + 1]
        if self.on is Scope.STAND_INS:
            return tuple(host for host in fleet.roles.services if host != fleet.roles.turns[self.part])
        return HOSTS[self.on](fleet.roles)

    def named(self, generations: Sequence[Sequence[str]]) -> str:
        """Give the title; where services start or stop in generations, with those that it is about."""
        return f"{self.title}: {', '.join(generations[self.part])}" if self.do in {Do.START, Do.STOP} else self.title

    def runs_on(self, host: str, fleet: Fleet) -> bool:
        """Whether this step is to run on a host, given what is known now."""
        if host not in self.hosts(fleet) or not self.when(fleet):
            return False
        if self.turn is not None and not self.turn(fleet, fleet.roles.turns[self.part]):
            return False
        return self.do is not Do.FINISH or fleet.leased(host)


def in_order(table: tuple[Step, ...], *, generations: int, turns: Sequence[str] = ()) -> Iterator[Step]:
    """Expand a table: hosts take turns, services start one generation after the other and stop the other way round."""
    for in_turn, group in groupby(table, key=lambda step: step.turn is not None):
        each = tuple(group)
        if in_turn:
            for part, host in enumerate(turns):
                yield from (replace(step, title=step.title.format(host=host), part=part) for step in each)
        else:
            yield from (one for step in each for one in _generations(step, generations))


def _generations(step: Step, count: int) -> Iterator[Step]:
    """Start services by their needs, and stop them the other way round."""
    match step.do:
        case Do.START:
            yield from (replace(step, part=part) for part in range(count))
        case Do.STOP:
            yield from (replace(step, part=part) for part in reversed(range(count)))
        case _:
            yield step
