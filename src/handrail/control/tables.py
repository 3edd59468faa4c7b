"""Tables of what was seen: plans, status, health, history; the same as JSON for machines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from handrail.control.show import COLOURS, as_json_line, console_for_tables
from handrail.model.variable import LEVELS, State, as_rows

if TYPE_CHECKING:
    from handrail.control.variables import Variables
    from handrail.model.level import Finding, Findings, Level

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
    if plan["note"]:
        out.print(escape(plan["note"]))
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
    lost = {host: f"{'; '.join(reasons)}; what runs there is not known" for host, reasons in seen["unusable"].items()}
    for host, reason in (lost | seen["unreachable"]).items():
        out.print(f"[bold red]{host}: {escape(reason)}[/]", soft_wrap=True)
    if seen["failover"]:
        out.print(f"[bold red]{escape(seen['failover'])}[/]", soft_wrap=True)
    elif seen["mixed"]:
        out.print("[bold red]the fleet is mixed or unsettled; fab deploy VERSION puts one release everywhere[/]")


def _summary(seen: dict[str, Any]) -> str:
    if seen["live_slot"] is None:
        return "which slot is live cannot be told"
    return f"{seen['release'] or 'no release'} from {seen['live_slot']}"


def _service(row: dict[str, Any]) -> list[str]:
    answer = f"{row['health_status']} {row['health_seconds'] * 1000:.0f} ms" if row["health_status"] else "-"
    if row["runtime"] == "ecs":  # the load balancer asks, and tells no more
        answer = "healthy" if row["healthy"] else "-"
    slot = f"{row['slot']}{' live' if row['live'] else ''}"
    return [row["host"], row["service"], slot, row["version"], row["state"], answer, str(row["restarts"])]


def _edge(row: dict[str, Any]) -> list[str]:
    words = [f"sends to {row['slot']}"]
    words += [f"unconfirmed for {one['seconds_left']:.0f} s more" for one in row["pending"]]
    # The shares are cumulative: the last one says it all.
    words += [f"{one['percent']} % to {one['slot']}" for one in row["shares"][-1:]]
    words += [f"nothing to {host}" for host in row["out"]]
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


def check(title: str, period: str, found: Findings, level: Level, *, as_json: bool) -> None:
    """Show the findings of each check."""
    findings = [(name, finding) for name, each in found.items() for finding in each]
    if as_json:
        rows = [{"check": name, **finding.json()} for name, finding in findings]
        as_json_line({"period": period, "level": level, "exit_code": level.rank, "findings": rows})
        return
    out = console_for_tables()
    counts = Counter(finding.level for _, finding in findings)
    told = ", ".join(f"[{COLOURS[each]}]{count} {each}[/]" for each, count in sorted(counts.items()))
    out.print(f"[bold]{title}[/]: {period} check, {told}")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, finding in findings:
        style = COLOURS[finding.level]
        table.add_row(f"[{style}]{finding.level}[/]", name, escape(finding.what), finding.host, escape(finding.text))
    out.print(table)


def variables(seen: Variables, *, as_json: bool) -> None:
    """Show which variables each service needs and where they are, then what is the matter; never a value."""
    if as_json:
        rows = as_rows(seen.needed, seen.programs)
        bad = [finding.json() for finding in seen.findings]
        as_json_line({"exit_code": seen.exit_code, "variables": rows, "findings": bad})
        return
    out = console_for_tables()
    for service in dict.fromkeys(each.service for each in seen.needed):
        programs = [program for program in seen.programs if program.service == service]
        names = [each.host if each.name == service else f"{each.host} {each.name}" for each in programs]
        table = _table(service, "from", "here", *names)
        for each in (each for each in seen.needed if each.service == service):
            states = [each.here, *(program.states.get(each.name, State.UNKNOWN) for program in programs)]
            shown = [f"[{COLOURS[LEVELS[state]]}]{state}[/]" for state in states]
            table.add_row(each.name, each.source, *shown)
        out.print(table)
    if seen.findings:
        health(list(seen.findings), as_json=False)


def history(runs: list[dict[str, Any]], *, as_json: bool) -> None:
    """Show runs, the newest last."""
    if as_json:
        as_json_line({"runs": runs})
        return
    table = _table("when (UTC)", "who", "verb", "what", "outcome", "seconds", "change", "")
    for run in runs:
        outcome = f"[{COLOURS.get(run['outcome'], BAD)}]{run['outcome']}[/]"
        text = "" if run["outcome"] == "done" else escape(run["text"])
        when = run["at"].replace("T", " ")[:19]
        loud = f"[{BAD}]EMERGENCY[/] " if run.get("type") == "EMERGENCY" else ""
        table.add_row(
            when, run["who"], run["verb"], f"{loud}{escape(run['what'])}", outcome, f"{run['seconds']:.1f}",
            run.get("change", ""), text,
        )  # fmt: skip
    console_for_tables().print(table)


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, padding=(0, 2))
