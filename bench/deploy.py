"""The same blue-green deploy, from 1.0.0 to 1.1.0 on the same hosts, by each contestant in turn."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bench import hosts
from bench.contestants import Contestant, deploys, in_turn, memory_of, seconds_to_healthy
from bench.figures import median, ratio

if TYPE_CHECKING:
    from rich.console import Console

# pyinfra prints a line for each step and host when it is over, with the seconds that it took.
STEP = re.compile(r"^ +\[\w+\] (.+?): (?!running)\w+ .*\([\d.]+ s\)$", re.MULTILINE)


@dataclass(frozen=True)
class Deploy:
    """What one deploy cost."""

    wall_seconds: float
    start_seconds: float
    cpu_seconds: float
    connections: int
    commands: int
    steps: int

    @property
    def own_seconds(self) -> float:
        """The wall time without the time that the release took to start."""
        return self.wall_seconds - self.start_seconds


def bench(console: Console, rounds: int) -> dict[str, Any]:
    """Measure it, show it, give the figures."""
    contestants = deploys()
    found: dict[str, list[Deploy]] = defaultdict(list)
    memory: dict[str, float] = {}
    left: dict[str, str] = {}
    for number, contestant in in_turn(contestants, rounds):
        with memory_of(number) as watched:
            deploy = _deploy(contestant)
        state = hosts.state()
        if (left := left or state) != state:
            raise RuntimeError(
                f"{contestant.name} left something else than {contestants[0].name}:\n{_differ(left, state)}"
            )
        if watched is None:
            found[contestant.name].append(deploy)
        else:
            memory[contestant.name] = watched.peak_mib
        console.print(
            f"  deploy, round {number}: {contestant.name} {deploy.wall_seconds:.2f} s, "
            f"{deploy.start_seconds:.2f} s of them the release's start{'' if number else ' (not counted: warms up)'}",
            style="dim",
        )
        hosts.go_back()
    figures = {name: _figures(runs, memory[name]) for name, runs in found.items()}
    _show(console, figures)
    return {"contestants": figures, "runs": {name: [asdict(run) for run in runs] for name, runs in found.items()}}


def _deploy(contestant: Contestant) -> Deploy:
    cost = contestant.run()
    asked = hosts.asked(cost.began)
    return Deploy(
        wall_seconds=cost.wall_seconds,
        start_seconds=seconds_to_healthy(cost.output),
        cpu_seconds=cost.cpu_seconds,
        connections=asked.connections,
        commands=asked.commands,
        steps=len(set(STEP.findall(cost.output))),
    )


def _figures(runs: list[Deploy], memory_mib: float) -> dict[str, float]:
    return {
        "own_seconds": median(run.own_seconds for run in runs),
        "wall_seconds": median(run.wall_seconds for run in runs),
        "start_seconds": median(run.start_seconds for run in runs),
        "cpu_seconds": median(run.cpu_seconds for run in runs),
        "memory_mib": round(memory_mib, 1),
        "connections": median(run.connections for run in runs),
        "commands": median(run.commands for run in runs),
        "steps": median(run.steps for run in runs),
    }


def _show(console: Console, figures: dict[str, dict[str, float]]) -> None:
    table = Table(
        title="A blue-green deploy; own is the wall time without the release's start; medians",
        title_justify="left",
    )
    table.add_column("", no_wrap=True)
    for head in ("own s", "x floor", "wall s", "start s", "CPU s", "MiB", "logins", "sudo"):
        table.add_column(head, justify="right")
    floor = figures["floor"]
    for name, row in figures.items():
        table.add_row(
            name,
            f"{row['own_seconds']:.2f}",
            ratio(row["own_seconds"], floor["own_seconds"]),
            f"{row['wall_seconds']:.2f}",
            f"{row['start_seconds']:.2f}",
            f"{row['cpu_seconds']:.2f}",
            f"{row['memory_mib']:.0f}",
            f"{row['connections']:.0f}",
            f"{row['commands']:.0f}",
        )
    console.print(table)
    mine, ansible = figures["handrail, pyinfra"], figures["Ansible"]
    for word, key in (("own", "own_seconds"), ("wall", "wall_seconds"), ("CPU", "cpu_seconds")):
        peers = ratio(ansible[key], mine[key]), ratio(mine[key], floor[key])
        console.print(f"{word}: Ansible / handrail {peers[0]}, handrail / floor {peers[1]}")
    console.print(f"handrail ran {mine['steps']:.0f} steps, one after the other, on the hosts that each concerns")


def _differ(one: dict[str, str], other: dict[str, str]) -> str:
    lines = []
    for host, text in one.items():
        mine, theirs = text.splitlines(), other[host].splitlines()
        lines += [f"{host} - {line}" for line in mine if line not in theirs]
        lines += [f"{host} + {line}" for line in theirs if line not in mine]
    return "\n".join(lines)
