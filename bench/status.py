"""The state of all services on four hosts, asked by each contestant in turn."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bench import hosts
from bench.contestants import in_turn, memory_of, statuses
from bench.figures import median, ratio

if TYPE_CHECKING:
    from rich.console import Console

    from bench.measure import Cost


def bench(console: Console, rounds: int) -> dict[str, Any]:
    """Measure it, show it, give the figures."""
    found: dict[str, list[Cost]] = defaultdict(list)
    figures: dict[str, dict[str, float]] = defaultdict(dict)
    for number, contestant in in_turn(statuses(), rounds):
        with memory_of(number) as watched:
            cost = contestant.run()
        if watched is None:
            found[contestant.name].append(cost)
        else:
            figures[contestant.name] = {"memory_mib": round(watched.peak_mib, 1)} | vars(hosts.asked(cost.began))
    for name, costs in found.items():
        figures[name]["wall_seconds"] = median(cost.wall_seconds for cost in costs)
        figures[name]["cpu_seconds"] = median(cost.cpu_seconds for cost in costs)
    _show(console, figures)
    return dict(figures)


def _show(console: Console, figures: dict[str, dict[str, float]]) -> None:
    table = Table(title="The status of four hosts: medians", title_justify="left")
    table.add_column("", no_wrap=True)
    for head in ("s", "x floor", "CPU s", "MiB", "logins", "sudo"):
        table.add_column(head, justify="right")
    floor = figures["floor"]["wall_seconds"]
    for name, row in figures.items():
        table.add_row(
            name,
            f"{row['wall_seconds']:.2f}",
            ratio(row["wall_seconds"], floor),
            f"{row['cpu_seconds']:.2f}",
            f"{row['memory_mib']:.0f}",
            f"{row['connections']:.0f}",
            f"{row['commands']:.0f}",
        )
    console.print(table)
