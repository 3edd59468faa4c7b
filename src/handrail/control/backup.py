"""Dumps: those that are on each host, how old they are, and whether they are still as they were taken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from handrail.control.connections import Connections
from handrail.control.disk import text
from handrail.control.show import as_json_line, console_for_tables
from handrail.control.task import exits, opened
from handrail.errors import BadInput
from handrail.hosts.dump import Dump, look, read_dumps
from handrail.model import moment
from handrail.model.hosts_only import refuse_on_ecs
from handrail.model.version import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.environment import Environment

STYLES = {"ok": "green", "wrong": "bold red"}


@exits
def show_backups(inventory: str | None, *, verify: bool, as_json: bool) -> int:
    """Show the dumps; 1 when a host cannot be reached, or when the bytes of a dump are not those that were taken."""
    here = opened(inventory)
    environment = here.load().environment
    refuse_on_ecs(environment, "backup.list")
    if not environment.system.backups:
        raise BadInput(
            f"{environment.system.name} on {environment.name} names no backups", next_step="docs/how-to/back-up.md"
        )
    commands = {host.name: look(environment, host.name, verify=verify) for host in environment.all_hosts}
    asked = {host: command for host, command in commands.items() if command is not None}
    with Connections(here) as connections:
        replies = connections.on_each(asked, lambda host: connections.ask(host, asked[host]))
    dumps = [dump for host, reply in replies.items() if reply.outcome.good for dump in read_dumps(reply, host)]
    lost = {host: reply.words for host, reply in replies.items() if not reply.outcome.good}
    if as_json:
        seen = {"system": environment.system.name, "environment": environment.name}
        as_json_line({**seen, "dumps": [dump.json() for dump in dumps], "unreachable": lost})
    else:
        _table(environment, dumps, lost)
    return 1 if lost or any(dump.digest == "wrong" for dump in dumps) else 0


def _table(environment: Environment, dumps: list[Dump], lost: Mapping[str, str]) -> None:
    out = console_for_tables()
    out.print(f"[bold]{environment.system.name}[/] on {environment.name}: {len(dumps)} dump{'s'[: len(dumps) != 1]}")
    table = Table("host", "database", "age", "size", "digest", "release", "file", box=None, padding=(0, 2))
    for dump in dumps:
        age = moment.span(timedelta(seconds=dump.age_seconds))
        digest = f"[{STYLES.get(dump.digest, 'default')}]{dump.digest}[/]"
        words = (dump.host, escape(dump.database or f"({dump.backup})"), age, text(dump.size_bytes))
        table.add_row(*words, digest, escape(version_of(dump.release)) or "-", escape(dump.path))
    if dumps:
        out.print(table, soft_wrap=True)
    for host, reason in lost.items():
        out.print(f"[bold red]{host}: {escape(reason)}[/]", soft_wrap=True)
