"""Whether every variable that a service needs can be had, and what a deploy would change in those that run.

What runs is told and not judged: a variable that is new with this release is missing there until it is deployed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.errors import SecretMissing
from handrail.hosts.survey import instances_on, read_state, survey
from handrail.hosts.variables import compare, read_programs
from handrail.model.answer import Found
from handrail.model.live import live_slot
from handrail.model.roles import roles_of
from handrail.model.secret import SecretReference
from handrail.model.slot import Slot
from handrail.model.variable import State
from handrail.model.version import version_of
from handrail.secrets import Secret, masked, resolve, secrets_that_are_there

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from handrail.checklist.case import Case
    from handrail.hosts.script import Command, Reply
    from handrail.model.checklist import Item
    from handrail.model.host_state import HostState
    from handrail.model.system import System
    from handrail.model.variable import Program
    from handrail.runtimes.protocol import Instance

Values = dict[str, Secret | None]
# What is told of the programs that run.
DIFFERENT = frozenset({State.MISSING, State.EMPTY, State.STALE})


def set_here(item: Item, case: Case) -> Found:
    """Read what the services need, look at what runs, and name what is missing; never a value."""
    if case.environment.on_ecs:
        return _kept_by_aws(case)
    values = _values(case)
    missing = list(_missing(case, values))
    states, lost = _states(item, case)
    if missing or lost:
        return Found(ok=False, evidence="; ".join([*missing, *lost]))
    count = sum(len(service.environment) for service in case.environment.system.services.values())
    changes = [
        f"{program.name} {name} on {program.host} is {state}"
        for program in _programs(item, case, values, states)
        for name, state in program.states.items()
        if state in DIFFERENT
    ]
    told = f"; until it is deployed {', '.join(changes)}" if changes else ""
    return Found(ok=True, evidence=f"all {count} variables can be had{told}")


def _kept_by_aws(case: Case) -> Found:
    """Ask AWS for secrets in the place of this machine, which need not have them there."""
    from handrail.ecs import variables  # noqa: PLC0415  # boto3 only where AWS is used
    from handrail.ecs.join import cluster_of  # noqa: PLC0415  # likewise

    cluster = cluster_of(case.environment)
    services = case.environment.system.services.values()
    described = variables.described(cluster, services, Slot.BLUE, case.release.version)
    needed = list(variables.needed(described, variables.all_kept(cluster, described)))
    missing = [f"{each.service} {each.name} is {each.here}: {each.reason}" for each in needed if each.reason]
    if missing:
        return Found(ok=False, evidence="; ".join(missing))
    return Found(ok=True, evidence=f"all {len(needed)} variables can be had; fab config compares what runs")


def mask_here(system: System, *, base: Path) -> Callable[[str], str]:
    """Make what masks every secret that can be read here; that one cannot is for others to say."""
    known = secrets_that_are_there(system.own_secrets, base=base)
    return lambda text: masked(text, known)


def _values(case: Case) -> Values:
    system = case.environment.system
    found: Values = {}
    given = [value for service in system.services.values() for value in service.environment.values()]
    for name in dict.fromkeys(value.secret for value in given if isinstance(value, SecretReference)):
        try:
            found[name] = resolve(name, system.secrets[name], base=case.base)
        except SecretMissing:
            found[name] = None
    return found


def _missing(case: Case, values: Values) -> Iterator[str]:
    for service in case.environment.system.services.values():
        host = case.environment.hosts_of(service)[0].name
        variables = case.environment.variables(service, Slot.BLUE, case.release.version, host=host)
        for name, value in variables.items():
            if isinstance(value, str):
                if not value:
                    yield f"{service.name} {name} is empty"
            elif values[value.secret] is None:
                yield f"{service.name} {name} is missing: no secret {value.secret}"


def _states(item: Item, case: Case) -> tuple[dict[str, HostState], list[str]]:
    environment = case.environment
    run_directory = f"/run/handrail/{environment.system.name}"

    def look(host: str) -> HostState | str:
        reply = _asked(item, case, host, survey(environment, run_directory, host))
        return read_state(reply, environment, host) if reply.outcome.good else reply.words

    found = case.on_each(environment.all_hosts, look)
    states = {host: each for host, each in found.items() if not isinstance(each, str)}
    return states, [f"{host}: {each}" for host, each in found.items() if isinstance(each, str)]


def _programs(item: Item, case: Case, values: Values, states: Mapping[str, HostState]) -> Iterator[Program]:
    roles = roles_of(case.environment)
    live = live_slot(states, roles)
    wanted = roles.instances(states, live)

    def compared(host: str) -> list[Program]:
        mine = [
            one
            for one in instances_on(case.environment.system, case.environment.services_on(host))
            if one.slot is live and one.number <= wanted[one.service.name]
        ]
        expected = {one: _expected(case, one, host, values, states) for one in mine}
        return read_programs(_asked(item, case, host, compare(expected)), host, mine) if mine else []

    for programs in case.on_each(case.environment.all_hosts, compared).values():
        yield from programs


def _expected(
    case: Case, one: Instance, host: str, values: Values, states: Mapping[str, HostState]
) -> dict[str, str | Secret | None]:
    """Tell what an instance should have, from the YAML and the secrets as they are now."""
    version = version_of(states[host].slots.get(one.slot, ""))
    given = case.environment.variables(one.service, one.slot, version, one.number, host)
    return {name: value if isinstance(value, str) else values[value.secret] for name, value in given.items()}


def _asked(item: Item, case: Case, host: str, command: Command) -> Reply:
    return case.asked(host, replace(command, seconds=int(item.deadline.total_seconds()) or 1))
