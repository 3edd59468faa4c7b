"""A rollback to the warm slot under load: how long the command takes, and when the first old response arrives."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table

from bench import hosts, measure, prepare
from bench.figures import median
from lab.hosts import LOOPBACK, named
from lab.load import Load

if TYPE_CHECKING:
    from rich.console import Console

# A response every two milliseconds is as fine as is shown, and leaves the machine to the command.
RATE = 500
CONNECTIONS = 10


@dataclass(frozen=True)
class Rollback:
    """What one rollback took; the old release's first response is counted from two moments."""

    wall_seconds: float
    first_old_from_start_seconds: float
    first_old_from_work_seconds: float
    requests: int
    failed: int


def bench(console: Console, rounds: int) -> dict[str, Any]:
    """Measure it, show it, give the figures."""
    found = []
    for number in range(rounds + 1):
        measure.run(prepare.fab("deploy", hosts.NEXT, "--yes"))
        rollback = _rollback()
        if number:
            found.append(rollback)
        # The release that was rolled back from is as if it had never been there.
        hosts.go_back()
    figures = {key: median(getattr(one, key) for one in found) for key in asdict(found[0])}
    figures["requests"], figures["failed"] = sum(one.requests for one in found), sum(one.failed for one in found)
    _show(console, figures)
    return {"medians": figures, "runs": [asdict(one) for one in found]}


def _rollback() -> Rollback:
    """Work begins with the first command on a host: the process has started and is connected by then."""
    with Load(f"http://{LOOPBACK}:{named('edge').http_port}", connections=CONNECTIONS, rate=RATE) as load:
        cost = measure.run(prepare.fab("rollback", "--yes", "--json"))
    report = load.report()
    from_start = report.first_response_of(hosts.LIVE, after=cost.began)
    work = min(datetime.fromisoformat(event["at"]).timestamp() - event["seconds"] for event in _events(cost.output))
    if from_start is None:
        raise RuntimeError(f"{hosts.LIVE} never answered:\n{cost.output}")
    from_work = from_start - (work - cost.began)
    return Rollback(cost.wall_seconds, from_start, from_work, report.requests, report.failed)


def _events(output: str) -> list[dict[str, Any]]:
    return list(json.loads(output)["events"])


def _show(console: Console, figures: dict[str, float]) -> None:
    table = Table(title="A rollback to the warm slot: medians", title_justify="left")
    table.add_column("")
    table.add_column("s", justify="right")
    table.add_row("fab rollback, the whole command", f"{figures['wall_seconds']:.2f}")
    table.add_row("first old response, from the start of the command", f"{figures['first_old_from_start_seconds']:.2f}")
    table.add_row("first old response, from the start of the work", f"{figures['first_old_from_work_seconds']:.2f}")
    console.print(table)
    console.print(f"{figures['requests']:.0f} requests meanwhile, {figures['failed']:.0f} failed")
