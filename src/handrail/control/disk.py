"""Disks: what could be freed on each host and what is large there, shown before anything is freed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from handrail.control.connections import Connections
from handrail.control.show import as_json_line, console_for_tables
from handrail.control.task import changed, exits, opened
from handrail.hosts.disk import Usage, look, read_usage
from handrail.model.hosts_only import refuse_on_ecs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.hosts.script import Reply
    from handrail.model.environment import Environment

# For people; JSON has them all.
SHOWN = 10
LARGE_BYTES = 1 << 20
UNITS = ("KiB", "MiB", "GiB", "TiB")


@exits
def show_disk(inventory: str | None, *, as_json: bool) -> int:
    """Show what could be freed; 1 when a host cannot be reached."""
    replies = _shown(inventory, as_json=as_json)
    return 0 if all(reply.outcome.good for reply in replies.values()) else 1


@exits
def free_disk(inventory: str | None, said: dict[str, str], *, as_json: bool, yes: bool) -> int:
    """Free it, after a look at it and a question unless told not to ask."""
    if not yes:
        _shown(inventory, as_json=False, aside=as_json)
    return changed("disk", inventory, said, as_json=as_json, yes=yes, dry_run=False)


def _shown(inventory: str | None, *, as_json: bool, aside: bool = False) -> Mapping[str, Reply]:
    here = opened(inventory)
    environment = here.load().environment
    refuse_on_ecs(environment, "disk")
    run_directory = f"/run/handrail/{environment.system.name}"
    with Connections(here) as connections:
        hosts = [host.name for host in environment.all_hosts]
        replies = connections.on_each(hosts, lambda host: connections.ask(host, look(environment, run_directory, host)))
    usages = [read_usage(reply, host) for host, reply in replies.items() if reply.outcome.good]
    lost = {host: reply.words for host, reply in replies.items() if not reply.outcome.good}
    if as_json:
        seen = {"system": environment.system.name, "environment": environment.name}
        as_json_line({**seen, "hosts": [usage.json() for usage in usages], "unreachable": lost})
    else:
        _tables(environment, usages, lost, Console(highlight=False, stderr=True) if aside else console_for_tables())
    return replies


def _tables(environment: Environment, usages: list[Usage], lost: Mapping[str, str], out: Console) -> None:
    total = sum(usage.freeable_bytes for usage in usages)
    out.print(f"[bold]{environment.system.name}[/] on {environment.name}: {text(total)} can be freed")
    sums = Table("host", "free now", "journal", "can be freed", "of it", box=None, padding=(0, 2))
    for usage in usages:
        parts = ", ".join(f"{each.count} {each.kind}{'s'[: each.count - 1]} {text(each.bytes)}" for each in usage.sums)
        free = f"{text(usage.free_bytes)} of {text(usage.size_bytes)}"
        sums.add_row(usage.host, free, text(usage.journal_bytes), text(usage.freeable_bytes), parts or "-")
    out.print(sums)
    _largest(usages, out)
    for usage in usages:
        for problem in usage.problems:
            out.print(f"[yellow]{usage.host}: {escape(problem)}[/]", soft_wrap=True)
    for host, reason in lost.items():
        out.print(f"[bold red]{host}: {escape(reason)}[/]", soft_wrap=True)


def _largest(usages: list[Usage], out: Console) -> None:
    things = Table("host", "size", "would be freed", box=None, padding=(0, 2))
    largest = Table("host", "size", "largest files", box=None, padding=(0, 2))
    for usage in usages:
        for each in usage.candidates[:SHOWN]:
            things.add_row(usage.host, text(each.bytes), f"{each.kind} {escape(each.path)}")
        for each in usage.largest:
            if each.bytes >= LARGE_BYTES:
                largest.add_row(usage.host, text(each.bytes), escape(each.path))
    for table in (things, largest):
        if table.row_count:
            out.print(table, soft_wrap=True)


def text(size: int) -> str:
    """Write bytes as people do."""
    if size < 1024:
        return f"{size} B"
    amount = float(size)
    for unit in UNITS[:-1]:
        amount /= 1024
        if amount < 1024:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} {UNITS[-1]}"
