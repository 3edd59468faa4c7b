"""Metrics as lines for people, and as JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from handrail.control.show import as_json_line, console_for_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from rich.console import Console

    from handrail.model.metrics import Metrics, Spread, Tally

MINUTE, HOUR, DAY = 60, 3600, 86_400


def metrics(found: Sequence[Metrics], since: datetime, until: datetime, *, unreadable: int, as_json: bool) -> None:
    """Show the metrics of each system in each environment."""
    if as_json:
        span = {"since": since.isoformat(), "until": until.isoformat()}
        as_json_line(span | {"unreadable": unreadable, "metrics": [each.json() for each in found]})
        return
    out = console_for_tables()
    if not found:
        out.print(f"no runs yet, from {since:%Y-%m-%d} to {until:%Y-%m-%d}")
    for each in found:
        _one(out, each)
    if unreadable:
        records = "record of a run" if unreadable == 1 else "records of runs"
        out.print(f"[yellow]left out: {unreadable} {records} without a body that can be read[/]; fab audit.verify")


def plotted(picture: Path | None) -> None:
    """Say where the picture is, or why there is none."""
    console_for_tables().print(f"plotted to {picture}" if picture else "nothing to plot, and no file written")


def _one(out: Console, each: Metrics) -> None:
    out.print(f"[bold]{each.system}[/] on {each.environment}: {each.since:%Y-%m-%d} to {each.until:%Y-%m-%d}, UTC")
    facts = Table(box=None, show_header=False, padding=(0, 2))
    facts.add_row("deployment frequency", f"{each.per_week:.1f} a week", f"{each.tally.done} done")
    rate, reasons = _failures(each.tally)
    facts.add_row("change failure rate", rate, reasons)
    out.print(facts)
    times = Table("time", "count", "median", "p90", "longest", "", box=None, padding=(0, 2))
    for name, spread, remark in (
        ("lead", each.tally.lead_time, "from the request of a change to the end of its deploy"),
        ("recovery", each.tally.recovery_time, _recovery(each.tally)),
        ("recovery by hand", each.tally.recovery_by_hand, ""),
        ("rollback", each.tally.rollback_time, ""),
        ("rehearsal of one", each.tally.rehearsal_time, ""),
    ):
        times.add_row(name, *_spread(spread), remark)
    out.print(times)


def _failures(tally: Tally) -> tuple[str, str]:
    if tally.failure_rate is None:
        return "-", "no deploys yet"
    bad = tally.failed + tally.regretted
    words = f"{bad} of {tally.deployments}: {tally.failed} failed, {tally.regretted} had to be mended afterwards"
    return f"{tally.failure_rate:.0%}", words


def _recovery(tally: Tally) -> str:
    words = []
    if count := tally.recovered_by_itself:
        words.append(f"{count} went back by {'itself' if count == 1 else 'themselves'}")
    if tally.not_recovered:
        words.append(f"{tally.not_recovered} not recovered")
    return ", ".join(words)


def _spread(spread: Spread | None) -> list[str]:
    if spread is None:
        return ["0", "-", "-", "-"]
    return [
        str(spread.count),
        *(lasting(each) for each in (spread.median_seconds, spread.p90_seconds, spread.longest_seconds)),
    ]


def lasting(seconds: float) -> str:
    """Write how long something took, with the two units that matter."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, below, smaller in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below} {smaller}"
    return f"{whole} s"
