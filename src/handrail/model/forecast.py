"""What a run would do if everything went well: its steps in order, each with its hosts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.step import in_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.host_state import HostState
    from handrail.model.plan import Plan
    from handrail.model.roles import Roles
    from handrail.model.step import Step


@dataclass(frozen=True)
class Forecast:
    """One step that would run."""

    title: str
    hosts: tuple[str, ...]


def forecast(
    table: tuple[Step, ...],
    plan: Plan,
    roles: Roles,
    states: Mapping[str, HostState],
    *,
    generations: Sequence[Sequence[str]],
) -> tuple[Forecast, ...]:
    """Walk the table that the run would execute, with every step going well."""
    fleet = Fleet(roles, states=dict(states), plan=plan)
    found = []
    for step in in_order(table, generations=len(generations), turns=roles.turns):
        hosts = tuple(host for host in roles.hosts if step.runs_on(host, fleet))
        for host in hosts:
            fleet.record(step.do, host, Outcome.OK, part=step.part)
        if hosts and step.do is not Do.PLAN:
            found.append(Forecast(step.named(generations), hosts))
    return tuple(found)
