"""What `fab check` looks at: each check of a list, its findings in the order of the hosts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.control import updates
from handrail.control.certificates import has_certificates, status
from handrail.control.health import health, lost
from handrail.control.restarts import live_programs, restarted
from handrail.hosts.roots import known_roots
from handrail.hosts.vitals import ITSELF, ask, read_vitals
from handrail.model.level import Finding, Findings, Level
from handrail.model.restarts import Restarted
from handrail.model.vitals import Connections
from handrail.secrets import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from handrail.control.connections import Connections as Hosts
    from handrail.control.look import Look
    from handrail.hosts.vitals import Question
    from handrail.model.host_state import UnitState
    from handrail.model.vitals import Vital
    from handrail.runtimes.protocol import Instance
    from handrail.secrets import Secret

# What a program logged is shown so far; the host sends more.
LINE_LETTERS = 200


def check(
    look: Look, connections: Hosts, *, names: Sequence[str], secrets: Mapping[str, Secret], base: Path
) -> Findings:
    """Ask for everything that is on a list, and judge it. Hosts that cannot be reached come first.

    `base` is the directory of the system's YAML.
    """
    seconds = int(look.environment.system.thresholds.over.total_seconds())
    told = vitals(look, connections, names=names, secrets=secrets, seconds=seconds)
    found: Findings = {"hosts": lost(look)} if look.lost else {}
    for name in dict.fromkeys(names):
        match name:
            case "services":
                found[name] = list(services(look, connections, secrets=secrets))
            case "health":
                seen = health(look, connections, secrets=secrets)
                found[name] = [finding for finding in seen if finding.what != "host"]
            case "certificates":
                if has_certificates(look.environment):
                    roots = known_roots(look.environment.system, base)
                    found[name] = status(look.environment, connections, roots).findings()
            case "updates":
                found[name] = updates.judged(look, updates.updates(look, connections))
            case _:
                found[name] = judged(look, told, name, secrets)
    if "backups" in names and not look.environment.system.backups:
        found["backups"] = [Finding(Level.WARN, "", "", "none is configured; say under `backups` where the dumps are")]
    return found


def vitals(
    look: Look, connections: Hosts, *, names: Sequence[str], secrets: Mapping[str, Secret], seconds: int
) -> dict[str, dict[Question, Vital]]:
    """Ask every host that answers for its numbers, all at once; `seconds` is how far back traffic counts."""
    environment = look.environment
    stores = environment.system.datastores.values()
    passwords = {store.name: secrets[store.password.secret].reveal() for store in stores if store.password}
    asked = {
        host: ask(environment, host, list(dict.fromkeys(names)), passwords=passwords, seconds=seconds)
        for host in look.states
    }
    mine = {host: each for host, each in asked.items() if each is not None}
    replies = connections.on_each(mine, lambda host: connections.ask(host, mine[host].command))
    return {host: read_vitals(reply, mine[host].questions) for host, reply in replies.items()}


def judged(
    look: Look, told: Mapping[str, Mapping[Question, Vital]], name: str, secrets: Mapping[str, Secret]
) -> list[Finding]:
    """Judge the numbers of one check; what programs logged may hold secrets, which are masked."""
    findings = []
    for host, answers in told.items():
        for (check_, what), vital in answers.items():
            if check_ == name:
                level, text = _counted(look, what, vital).judged(look.environment.system)
                findings.append(Finding(level, "" if what == ITSELF else what, host, shown(text, secrets)))
    return findings


def _counted(look: Look, store: str, vital: Vital) -> Vital:
    """Add what the host of a datastore does not know: how many instances have a pool of connections to it."""
    if not isinstance(vital, Connections):
        return vital
    services = look.environment.system.services
    running = [name for state in look.states.values() for (name, *_), unit in state.units.items() if unit.running]
    return replace(vital, pools=sum(store in services[name].needs for name in running))


def shown(text: str, secrets: Mapping[str, Secret]) -> str:
    """Mask what somebody else wrote, and cut its lines."""
    # Cut only what is masked already: half of a secret would not be known as one.
    return "\n".join(line[:LINE_LETTERS] for line in masked(text, secrets).splitlines())


def services(look: Look, connections: Hosts, *, secrets: Mapping[str, Secret]) -> Iterator[Finding]:
    """Tell how each datastore and each live instance runs, as its runtime says; of one that died also why."""
    for host, state in look.states.items():
        for name, unit in state.datastores.items():
            yield Finding(Level.OK if unit.running else Level.ALERT, name, host, unit.state)
    if any(host not in look.states for host in look.roles.edges):
        yield Finding(Level.ALERT, "edge", "", "which slot is live cannot be told: an edge does not answer")
        return
    live = live_programs(look)
    units = {program: look.states[program[0]].units.get(program[1:]) for program in live}
    died = {program: live[program] for program, unit in units.items() if not unit or not unit.running or unit.restarts}
    told = restarted(connections, died, secrets=secrets)
    for program, one in live.items():
        level, text = _instance(units[program], one, told.get(program))
        yield Finding(level, one.name, program[0], text)


def _instance(unit: UnitState | None, one: Instance, told: Restarted | None) -> tuple[Level, str]:
    """Judge one: down, or started again a short time ago, is an ALERT."""
    where = f"{unit.state if unit else 'unknown to its runtime'} on {one.slot}"
    if unit and unit.restarts:
        bad = not unit.running or (told is not None and told.recent)
        # The last lines of what runs well for long tell nothing of its death.
        known = told or Restarted()
        again = (known if bad else replace(known, why="")).words(unit.restarts, "by itself")
        return Level.ALERT if bad else Level.WARN, f"{where}, {again}"
    if unit and unit.running:
        return Level.OK, where
    return Level.ALERT, f"{where}: {told.why}" if told and told.why else where
