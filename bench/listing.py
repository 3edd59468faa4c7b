"""`fab --list`: what every operator waits for first."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bench import measure, prepare
from bench.contestants import Contestant, in_turn
from bench.figures import median

if TYPE_CHECKING:
    from rich.console import Console


def bench(console: Console, rounds: int) -> dict[str, Any]:
    """Measure it beside what it cannot be faster than, show it, give the figures."""
    fab = str(prepare.BIN / "fab")
    contestants = [
        Contestant("fab --list", [fab, "--list"]),
        Contestant("fab --version", [fab, "--version"]),
        Contestant("python -c pass", [sys.executable, "-c", "pass"]),
    ]
    found: dict[str, list[measure.Cost]] = defaultdict(list)
    for number, contestant in in_turn(contestants, rounds):
        cost = contestant.run()
        if number:
            found[contestant.name].append(cost)
    figures = {name: median(cost.wall_seconds for cost in costs) for name, costs in found.items()}
    table = Table("", "s", title="The list of tasks: medians", title_justify="left")
    for name, seconds in figures.items():
        table.add_row(name, f"{seconds:.2f}")
    console.print(table)
    return figures
