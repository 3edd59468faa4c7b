"""Ask a host for its vitals: every number that is judged, in one round trip."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.hosts.script import Command, shell_line
from handrail.hosts.survey import instances_on, unit_of
from handrail.model.vitals import (
    Cache,
    Connections,
    Cpu,
    Disk,
    Dump,
    Errors,
    Failure,
    Largest,
    Memory,
    Traffic,
)
from handrail.runtimes import RUNTIMES, UNITS
from handrail.traffic import nginx

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from handrail.hosts.script import Reply
    from handrail.model.datastore import Datastore
    from handrail.model.environment import Environment, Host
    from handrail.model.service import Service
    from handrail.model.system import System
    from handrail.model.vitals import Vital

# Reading a day of logs has 60 s on the host, and all questions are asked at once.
VITALS_SECONDS = 75
LARGEST_FILES = "5"
# What stands in a question for the host itself, and the checks that have it.
ITSELF = "-"
OF_ITSELF = frozenset({"cpu", "memory", "disk", "largest", "traffic"})
# Which check asks which kind of datastore.
CHECK_OF = {"postgresql": "connections", "redis": "cache"}
OF_DATASTORES = frozenset(CHECK_OF.values())
# Answers that are numbers and nothing else.
NUMBERS: Mapping[str, Callable[..., Vital]] = {
    "cpu": Cpu, "memory": Memory, "traffic": Traffic, "connections": Connections, "cache": Cache,
}  # fmt: skip

Question = tuple[str, str]
"""A check, and what it is asked of: a service, a datastore, a backup; `-` is the host itself."""


@dataclass(frozen=True)
class Asked:
    """What is asked of one host, and the command that asks it."""

    questions: tuple[Question, ...]
    command: Command


def ask(
    environment: Environment, host: str, checks: Collection[str], *, passwords: Mapping[str, str], seconds: int
) -> Asked | None:
    """Build the command for a host; None when these checks have no question for it.

    `passwords` are those of the datastores, by name; `seconds` is how far back the edge's answers are looked at.
    """
    system = environment.system
    groups = [group for check in checks for group in _groups(environment, host, check, str(seconds))]
    if not groups:
        return None
    stdin = "".join(f"{passwords.get(group[1], '')}\n" for group in groups if group[0] in OF_DATASTORES)
    questions = tuple((group[0], ITSELF if group[0] in OF_ITSELF else group[1]) for group in groups)
    words = (system.root, f"/run/handrail/{system.name}", *(word for group in groups for word in group))
    return Asked(questions, Command(("vitals",), words, VITALS_SECONDS, stdin))


def _groups(environment: Environment, host: str, check: str, seconds: str) -> Iterator[tuple[str, ...]]:
    """Write the questions of one check as the script reads them."""
    system = environment.system
    match check:
        case "cpu" | "memory" | "disk":
            yield (check,)
        case "largest":
            yield check, LARGEST_FILES
        case "traffic" if _has(environment.edge_hosts, host):
            yield check, nginx.log_of(system.name), seconds
        case "errors":
            for service in environment.services_on(host):
                yield check, service.name, _log_line(system, service)
            for store in environment.datastores_on(host):
                read = UNITS[store.runtime].read_log(unit_of(system, store), since="1d", lines=0, follow=False)
                yield check, store.name, shell_line([read])
        case "connections" | "cache":
            yield from (
                _inside(system, store) for store in environment.datastores_on(host) if CHECK_OF[store.kind] == check
            )
        case "backups":
            found = [
                (name, each) for name, each in system.backups.items() if _has(environment.groups[each.hosts], host)
            ]
            yield from ((check, name, each.path) for name, each in found)


def _has(hosts: Iterable[Host], name: str) -> bool:
    return any(host.name == name for host in hosts)


def _log_line(system: System, service: Service) -> str:
    read = RUNTIMES[service.runtime].read_log(instances_on(system, [service]), since="1d", lines=0, follow=False)
    return shell_line([read])


def _inside(system: System, store: Datastore) -> tuple[str, ...]:
    words = (CHECK_OF[store.kind], store.name, UNITS[store.runtime].inside(unit_of(system, store)), str(store.port))
    return (*words, store.user or "", store.database or "") if store.kind == "postgresql" else words


def read_vitals(reply: Reply, questions: Sequence[Question]) -> dict[Question, Vital]:
    """Understand what was answered, in the order of the questions; one without an answer is a failure with its reason.

    The host itself has an answer for each of its file systems.
    """
    groups: dict[Question, list[tuple[int, str]]] = defaultdict(list)
    for line in reply.values("group"):
        check, what, number, text = line.split(" ", 3)
        groups[check, what].append((int(number), text))
    found: dict[Question, dict[Question, Vital]] = {question: {} for question in questions}
    for line in reply.values("failed"):
        check, what, reason = line.split(" ", 2)
        found[check, what][check, what] = Failure(reason)
    for line in reply.values("answer"):
        check, what, rest = line.split(" ", 2)
        try:
            where, vital = _vital(check, what, rest, tuple(groups[check, what]))
        except (TypeError, ValueError):
            where, vital = what, Failure(f"an answer that nobody understands: {rest}")
        found[check, what][check, where] = vital
    lost = Failure(reply.words if not reply.outcome.good else "no answer")
    return {key: vital for question, answers in found.items() for key, vital in (answers or {question: lost}).items()}


def _vital(check: str, what: str, rest: str, groups: tuple[tuple[int, str], ...]) -> tuple[str, Vital]:
    """Read one answer, and tell what it is of."""
    match check:
        case "disk":
            used, inodes, free, mount = rest.split(" ", 3)
            return mount, Disk(int(used), int(inodes), int(free))
        case "backups":
            age, size_bytes, path = rest.split(" ", 2)
            return what, Dump(timedelta(seconds=int(age)), int(size_bytes), path)
        case "errors":
            return what, Errors(int(rest), groups)
        case "largest":
            return what, Largest(groups)
    return what, NUMBERS[check](*(int(number) for number in rest.split(" ")))
