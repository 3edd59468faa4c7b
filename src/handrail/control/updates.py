"""Updates: what every host could install, what its services depend on, and installing it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from handrail.control.connections import Connections
from handrail.control.restarts import live_programs
from handrail.control.show import COLOURS, as_json_line, console_for_tables
from handrail.control.task import changed, exits, opened
from handrail.errors import BadInput
from handrail.hosts.updates import ask_updates, understood
from handrail.model.hosts_only import refuse_on_ecs
from handrail.model.level import Finding, Level, worst

if TYPE_CHECKING:
    from handrail.control.look import Look
    from handrail.model.updates import Updates
    from handrail.runtimes.protocol import Instance

# By whether a package is for security.
STYLES = {True: "bold red", False: "yellow"}


@exits
def show_updates(inventory: str | None, *, as_json: bool) -> int:
    """Show what there is; 1 when something is a WARN, 2 when something is an ALERT."""
    from handrail.control.health import lost  # noqa: PLC0415  # each verb imports what it needs
    from handrail.control.look import look  # noqa: PLC0415

    here = opened(inventory)
    environment = here.load().environment
    refuse_on_ecs(environment, "updates.report")
    with Connections(here) as connections:
        seen = look(environment, connections)
        found = updates(seen, connections)
    findings = [*lost(seen), *judged(seen, found)]
    level = worst(finding.level for finding in findings)
    if as_json:
        head = {"system": environment.system.name, "environment": environment.name, "level": level}
        rows = [finding.json() for finding in findings]
        as_json_line({**head, "exit_code": level.rank, "findings": rows, "hosts": [each.json() for each in found]})
    else:
        _tables(f"{environment.system.name} on {environment.name}", findings, found, level)
    return level.rank


@exits
def apply_updates(
    inventory: str | None, data: dict[str, str], *, security: bool, as_json: bool, yes: bool, dry_run: bool
) -> int:
    """Install updates, one host after the other."""
    if security and data.get("all"):
        raise BadInput("--security and --all say different things; nothing was touched", next_step="leave one out")
    return changed("update", inventory, data, as_json=as_json, yes=yes, dry_run=dry_run)


def updates(look: Look, connections: Connections) -> list[Updates]:
    """Ask every host that answers, all at once: for its packages, and for what its live services depend on."""
    mine: dict[str, list[Instance]] = defaultdict(list)
    for (host, *_, number), one in live_programs(look).items():
        if number == 1:
            mine[host].append(one)
    environment = look.environment
    replies = connections.on_each(
        look.states, lambda host: connections.ask(host, ask_updates(environment, mine.get(host, [])))
    )
    return [understood(reply, host) for host, reply in replies.items()]


def judged(look: Look, found: list[Updates]) -> list[Finding]:
    """Judge what was said."""
    limits = look.environment.system.thresholds
    return [finding for each in found for finding in each.findings(limits)]


def _tables(title: str, findings: list[Finding], found: list[Updates], level: Level) -> None:
    out = console_for_tables()
    count = sum(len(each.packages) for each in found)
    out.print(f"[bold]{title}[/]: [{COLOURS[level]}]{level}[/], {count} update{'s'[: count != 1]}")
    lines = Table(box=None, show_header=False, padding=(0, 2))
    for finding in findings:
        lines.add_row(
            f"[{COLOURS[finding.level]}]{finding.level}[/]", escape(finding.what), finding.host, escape(finding.text)
        )
    out.print(lines)
    if count:
        packages = Table("host", "package", "installed", "offered", "from", box=None, padding=(0, 2))
        for host in found:
            for each in host.packages:
                words = (host.host, each.name, each.current or "-", each.version, each.origin or "-")
                packages.add_row(*map(escape, words), style=STYLES[each.security])
        out.print(packages, soft_wrap=True)
