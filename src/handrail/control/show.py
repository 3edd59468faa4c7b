"""Tables and lines for people; the same as JSON for machines."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handrail.control.change import End
    from handrail.control.health import Finding
    from handrail.control.logs import Entry
    from handrail.errors import HandrailError

COLOURS = {
    "OK": "green",
    "WARN": "yellow",
    "ALERT": "bold red",
    "done": "green",
    "unchanged": "cyan",
    "unfinished": "yellow",
}
WIDE = 200
# One colour for each host, so that merged lines can be told apart.
HOST_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _out() -> Console:
    """Give the console; where nobody looks at a terminal, lines are as long as they are."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def error(problem: HandrailError) -> None:
    """Say what went wrong and what to do next."""
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold red]error[/] {escape(problem.message)}", soft_wrap=True)
    if problem.next_step:
        console.print(f"[bold]next[/]  {escape(problem.next_step)}", soft_wrap=True)


def end(ended: End, *, as_json: bool) -> None:
    """Say how a change ended."""
    if as_json:
        _json(
            ended.details
            | {"exit_code": ended.exit_code, "outcome": ended.outcome, "text": ended.text, "events": _finished(ended)}
        )
        return
    style = COLOURS.get(ended.outcome, "bold red")
    Console(stderr=True, highlight=False).print(f"[{style}]{ended.outcome}[/] {escape(ended.text)}", soft_wrap=True)


def _finished(ended: End) -> list[dict[str, Any]]:
    return [event for event in ended.events if event["outcome"] != "running"]


def preview(plan: dict[str, Any], *, as_json: bool) -> None:
    """Show what would be done, host by host."""
    if as_json:
        _json(plan)
        return
    out = _out()
    how = (
        "nothing to do" if plan["nothing"] else ("to the warm slot " if plan["warm"] else "in the slot ") + plan["slot"]
    )
    out.print(f"[bold]{plan['verb']}[/] {plan['system']} on {plan['environment']}: {escape(plan['what'])}, {how}")
    if plan["held_by"]:
        out.print(f"[yellow]the lease is held by {escape(plan['held_by'])}[/]")
    table = Table("step", "hosts", box=None, padding=(0, 2))
    for step in plan["steps"]:
        table.add_row(step["title"], ", ".join(step["hosts"]))
    out.print(table)


def status(seen: dict[str, Any], *, as_json: bool) -> None:
    """Show services, datastores, edges and leases."""
    if as_json:
        _json(seen)
        return
    out = _out()
    live = f"{seen['release'] or 'no release'} from {seen['live_slot'] or 'different slots'}"
    out.print(f"[bold]{seen['system']}[/] on {seen['environment']}: {live}")
    table = Table("host", "what", "slot", "release", "state", "health", "restarts", box=None, padding=(0, 2))
    for row in seen["services"]:
        if not row["release"] and not row["running"]:
            continue
        style = ("green" if row["healthy"] else "bold red") if row["live"] else "dim"
        answer = f"{row['health_status']} {row['health_seconds'] * 1000:.0f} ms" if row["health_status"] else "-"
        slot = f"{row['slot']}{' live' if row['live'] else ''}"
        table.add_row(
            row["host"], row["service"], slot, row["version"], row["state"], answer, str(row["restarts"]), style=style
        )
    for row in seen["datastores"]:
        table.add_row(
            row["host"], row["datastore"], "", "", row["state"], "", "", style="green" if row["running"] else "bold red"
        )
    for row in seen["edges"]:
        words = [
            f"sends to {row['slot']}",
            *(f"unconfirmed for {one['seconds_left']:.0f} s more" for one in row["pending"]),
        ]
        words += [f"{one['percent']} % to {one['slot']}" for one in row["shares"]] + (
            ["traffic is held"] if row["held"] else []
        )
        table.add_row(
            row["host"], "edge", "", "", ", ".join(words), "", "", style="yellow" if len(words) > 1 else "green"
        )
    out.print(table)
    for row in seen["leases"]:
        out.print(f"[yellow]{row['host']}: lease held by {escape(row['holder'])}, {row['seconds_left']:.0f} s left[/]")
    for host, reason in seen["unreachable"].items():
        out.print(f"[bold red]{host}: {escape(reason)}[/]", soft_wrap=True)
    if not seen["consistent"]:
        out.print("[bold red]the fleet is mixed or unsettled; fab deploy VERSION puts one release everywhere[/]")


def health(findings: list[Finding], *, as_json: bool) -> None:
    """Show one line for each thing that was asked."""
    if as_json:
        _json({"findings": [finding.json() for finding in findings]})
        return
    table = Table(box=None, show_header=False, padding=(0, 2))
    for finding in findings:
        table.add_row(f"[{COLOURS[finding.level]}]{finding.level}[/]", finding.what, finding.host, escape(finding.text))
    _out().print(table)


def history(runs: list[dict[str, Any]], *, as_json: bool) -> None:
    """Show runs, the newest last."""
    if as_json:
        _json({"runs": runs})
        return
    table = Table("when (UTC)", "who", "verb", "what", "outcome", "seconds", "", box=None, padding=(0, 2))
    for run in runs:
        style = COLOURS.get(run["outcome"], "bold red")
        text = "" if run["outcome"] == "done" else run["text"]
        when = run["at"].replace("T", " ")[:19]
        table.add_row(
            when,
            run["who"],
            run["verb"],
            run["what"],
            f"[{style}]{run['outcome']}[/]",
            f"{run['seconds']:.1f}",
            escape(text),
        )
    _out().print(table)


def logs(entries: Iterable[Entry], *, output: str, as_json: bool) -> None:
    """Write log lines as they come."""
    colours: dict[str, str] = {}
    with ExitStack() as stack:
        target = stack.enter_context(Path(output).open("w")) if output else sys.stdout
        console = Console(file=target, highlight=False, soft_wrap=True)
        for entry in entries:
            when = datetime.fromtimestamp(entry.at, UTC)
            if as_json:
                target.write(json.dumps({"at": when.isoformat(), "host": entry.host, "text": entry.text}) + "\n")
            else:
                colour = colours.setdefault(entry.host, HOST_COLOURS[len(colours) % len(HOST_COLOURS)])
                console.print(f"{when:%Y-%m-%d %H:%M:%S.%f} [{colour}]{entry.host}[/] {escape(entry.text)}")
            target.flush()
