"""Tables of what was seen: plans, status, health, history; the same as JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from handrail.control.show import COLOURS, as_json_line, console_for_tables

if TYPE_CHECKING:
    from handrail.control.health import Finding

BAD = "bold red"


def preview(plan: dict[str, Any], *, as_json: bool, aside: bool = False) -> None:
    """Show what would be done, host by host; `aside` leaves standard output to machines."""
    if as_json:
        as_json_line(plan)
        return
    out = Console(highlight=False, stderr=True) if aside else console_for_tables()
    idle = (
        f", to the {'warm' if plan['warm'] else 'idle'} slot {plan['slot']}"
        if plan["slot"] != plan["live_slot"]
        else ""
    )
    how = ", nothing to do" if plan["nothing"] else idle
    out.print(f"[bold]{plan['verb']}[/] {plan['system']} on {plan['environment']}: {escape(plan['what'])}{how}")
    if plan["held_by"]:
        out.print(f"[yellow]the lease is held by {escape(plan['held_by'])}[/]")
    table = _table("step", "hosts")
    for step in plan["steps"]:
        table.add_row(step["title"], ", ".join(step["hosts"]))
    out.print(table)


def status(seen: dict[str, Any], *, as_json: bool) -> None:
    """Show services, datastores, edges and leases."""
    if as_json:
        as_json_line(seen)
        return
    out = console_for_tables()
    out.print(f"[bold]{seen['system']}[/] on {seen['environment']}: {_summary(seen)}")
    table = _table("host", "what", "slot", "release", "state", "health", "restarts")
    for row in seen["services"]:
        if row["release"] or row["running"]:
            table.add_row(*_service(row), style=("green" if row["healthy"] else BAD) if row["live"] else "dim")
    for row in seen["datastores"]:
        words = [row["host"], row["datastore"], "", "", row["state"]]
        table.add_row(*words, style="green" if row["running"] else BAD)
    for row in seen["edges"]:
        words = _edge(row)
        table.add_row(row["host"], "edge", "", "", ", ".join(words), style="yellow" if len(words) > 1 else "green")
    out.print(table)
    for row in seen["leases"]:
        out.print(f"[yellow]{row['host']}: lease held by {escape(row['holder'])}, {row['seconds_left']:.0f} s left[/]")
    for host, reason in seen["unreachable"].items():
        out.print(f"[bold red]{host}: {escape(reason)}[/]", soft_wrap=True)
    if seen["mixed"]:
        out.print("[bold red]the fleet is mixed or unsettled; fab deploy VERSION puts one release everywhere[/]")


def _summary(seen: dict[str, Any]) -> str:
    if seen["live_slot"] is None:
        return "which slot is live cannot be told"
    return f"{seen['release'] or 'no release'} from {seen['live_slot']}"


def _service(row: dict[str, Any]) -> list[str]:
    answer = f"{row['health_status']} {row['health_seconds'] * 1000:.0f} ms" if row["health_status"] else "-"
    slot = f"{row['slot']}{' live' if row['live'] else ''}"
    return [row["host"], row["service"], slot, row["version"], row["state"], answer, str(row["restarts"])]


def _edge(row: dict[str, Any]) -> list[str]:
    words = [f"sends to {row['slot']}"]
    words += [f"unconfirmed for {one['seconds_left']:.0f} s more" for one in row["pending"]]
    # The shares are cumulative: the last one says it all.
    words += [f"{one['percent']} % to {one['slot']}" for one in row["shares"][-1:]]
    return words + (["traffic is held"] if row["held"] else [])


def health(findings: list[Finding], *, as_json: bool) -> None:
    """Show one line for each thing that was asked."""
    if as_json:
        as_json_line({"findings": [finding.json() for finding in findings]})
        return
    table = Table(box=None, show_header=False, padding=(0, 2))
    for finding in findings:
        table.add_row(f"[{COLOURS[finding.level]}]{finding.level}[/]", finding.what, finding.host, escape(finding.text))
    console_for_tables().print(table)


def history(runs: list[dict[str, Any]], *, as_json: bool) -> None:
    """Show runs, the newest last."""
    if as_json:
        as_json_line({"runs": runs})
        return
    table = _table("when (UTC)", "who", "verb", "what", "outcome", "seconds", "")
    for run in runs:
        outcome = f"[{COLOURS.get(run['outcome'], BAD)}]{run['outcome']}[/]"
        text = "" if run["outcome"] == "done" else escape(run["text"])
        when = run["at"].replace("T", " ")[:19]
        table.add_row(when, run["who"], run["verb"], run["what"], outcome, f"{run['seconds']:.1f}", text)
    console_for_tables().print(table)


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, padding=(0, 2))
