"""Variables of services: whether each is there, here and in the programs that run, without ever holding a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from handrail.model.level import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class State(StrEnum):
    """What can be said of a variable without showing it."""

    OK = "ok"
    MISSING = "missing"
    EMPTY = "empty"
    STALE = "stale"
    UNKNOWN = "unknown"


LEVELS = {
    State.OK: Level.OK, State.MISSING: Level.ALERT, State.EMPTY: Level.ALERT, State.STALE: Level.WARN,
    State.UNKNOWN: Level.OK,
}  # fmt: skip
WORDS = {
    State.MISSING: "missing in the program that runs; fab restart starts it anew",
    State.EMPTY: "empty in the program that runs",
    State.STALE: "stale: not what the YAML and the secrets say now; fab restart",
}


@dataclass(frozen=True)
class Program:
    """A live instance of a service on a host; `trouble` says why its variables are not known."""

    host: str
    service: str
    name: str
    states: Mapping[str, State] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True)
class Needed:
    """A variable that a service needs: where its value comes from, and whether it can be had on the operator's side."""

    service: str
    name: str
    source: str
    here: State
    reason: str = ""


def findings(needed: tuple[Needed, ...], programs: tuple[Program, ...]) -> Iterator[Finding]:
    """Name what is missing, empty or stale, and what does not run."""
    for each in needed:
        if LEVELS[each.here] is not Level.OK:
            yield Finding(LEVELS[each.here], f"{each.service} {each.name}", "", f"{each.here}: {each.reason}")
    for program in programs:
        if program.trouble:
            yield Finding(Level.ALERT, program.name, program.host, program.trouble)
        for name, state in program.states.items():
            if LEVELS[state] is not Level.OK:
                yield Finding(LEVELS[state], f"{program.name} {name}", program.host, WORDS[state])


def as_rows(needed: tuple[Needed, ...], programs: tuple[Program, ...]) -> list[dict[str, Any]]:
    """Give everything for machines, one row for each variable."""
    return [
        {
            "service": each.service,
            "variable": each.name,
            "from": each.source,
            "here": each.here,
            "running": [
                {"host": program.host, "instance": program.name, "state": program.states[each.name]}
                for program in programs
                if program.service == each.service and each.name in program.states
            ],
        }
        for each in needed
    ]
