"""The variables that services need: whether they can be had here, and what the programs have that run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.control.health import lost
from handrail.errors import BadInput, SecretMissing
from handrail.hosts.survey import instances_on
from handrail.hosts.variables import compare, read_programs
from handrail.model.finding import near
from handrail.model.level import Finding, Level, worst
from handrail.model.live import live_slot
from handrail.model.secret import SecretReference
from handrail.model.slot import Slot
from handrail.model.variable import Needed, Program, State, findings
from handrail.model.version import version_of
from handrail.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handrail.control.connections import Connections
    from handrail.control.look import Look
    from handrail.model.service import Service
    from handrail.model.system import System
    from handrail.runtimes.protocol import Instance
    from handrail.secrets import Secret

Values = dict[str, "Secret | SecretMissing"]


@dataclass(frozen=True)
class Variables:
    """What was found."""

    needed: tuple[Needed, ...]
    programs: tuple[Program, ...]
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """1 when anything is missing or empty, or does not run; what is stale is a WARN."""
        return 1 if worst(finding.level for finding in self.findings) is Level.ALERT else 0


def chosen(system: System, name: str) -> tuple[Service, ...]:
    """Give the service that was named, or all of them in the order of the document."""
    if not name:
        return tuple(system.services.values())
    if name not in system.services:
        close = near(name, system.services)
        hint = f"; did you mean {close!r}?" if close else ""
        raise BadInput(f"there is no service {name!r}; there are {', '.join(system.services)}{hint}")
    return (system.services[name],)


def variables(look: Look, connections: Connections, *, services: tuple[Service, ...], base: Path) -> Variables:
    """Read every secret that these services need, and compare with what runs in the live slot."""
    values = _read(services, look.environment.system, base)
    needed = tuple(each for service in services for each in _needed(look, service, values))
    trouble = lost(look)
    programs: tuple[Program, ...] = ()
    if any(host in look.lost for host in look.roles.edges):
        trouble.append(Finding(Level.ALERT, "edge", "", "which slot is live cannot be told: an edge does not answer"))
    else:
        programs = tuple(_programs(look, connections, services, values))
    return Variables(needed, programs, (*trouble, *findings(needed, programs)))


def _read(services: tuple[Service, ...], system: System, base: Path) -> Values:
    found: Values = {}
    values = [value for service in services for value in service.environment.values()]
    for name in dict.fromkeys(value.secret for value in values if isinstance(value, SecretReference)):
        try:
            found[name] = resolve(name, system.secrets[name], base=base)
        except SecretMissing as error:
            found[name] = error
    return found


def _needed(look: Look, service: Service, values: Values) -> Iterator[Needed]:
    host = look.environment.hosts_of(service)[0].name
    for name, value in look.environment.variables(service, Slot.BLUE, "0", host=host).items():
        if isinstance(value, str):
            here, reason = (State.OK, "") if value else (State.EMPTY, "its text comes out empty")
            yield Needed(service.name, name, "text", here, reason)
            continue
        secret = values[value.secret]
        here, reason = (State.MISSING, secret.message) if isinstance(secret, SecretMissing) else (State.OK, "")
        yield Needed(service.name, name, f"secret {value.secret}", here, reason)


def _programs(look: Look, connections: Connections, services: tuple[Service, ...], values: Values) -> Iterator[Program]:
    names = {service.name for service in services}
    live = live_slot(look.states, look.roles)
    wanted = look.roles.instances(look.states, live)
    expected = {
        host: {
            one: _values(look, host, one, values)
            for one in instances_on(look.environment.system, look.environment.services_on(host))
            if one.service.name in names and one.slot is live and one.number <= wanted[one.service.name]
        }
        for host in look.states
    }
    asked = {host: each for host, each in expected.items() if each}
    replies = connections.on_each(asked, lambda host: connections.ask(host, compare(asked[host])))
    for host, reply in replies.items():
        yield from read_programs(reply, host, tuple(asked[host]))


def _values(look: Look, host: str, one: Instance, values: Values) -> dict[str, str | Secret | None]:
    """Tell what an instance should have, from the YAML and the secrets as they are now."""
    version = version_of(look.states[host].slots.get(one.slot, ""))
    given = look.environment.variables(one.service, one.slot, version, one.number, host)
    return {name: value if isinstance(value, str) else _known(values[value.secret]) for name, value in given.items()}


def _known(secret: Secret | SecretMissing) -> Secret | None:
    return None if isinstance(secret, SecretMissing) else secret
