"""What the tasks of certificates do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from handrail.control.connections import Connections
from handrail.control.show import COLOURS, as_json_line, console_for_tables
from handrail.control.verbs import exits, opened
from handrail.errors import BadInput

if TYPE_CHECKING:
    from handrail.control.certificates import Status
    from handrail.control.inventory import Inventory
    from handrail.hosts.inventory import Loaded


@exits
def show_certificates(inventory: str | None, *, as_json: bool) -> int:
    """Show what every edge serves; 1 when something is a WARN, 2 when something is an ALERT."""
    here = opened(inventory)
    loaded = here.load()
    seen = looked(here, loaded)
    title = f"{loaded.environment.system.name} on {loaded.environment.name}"
    if as_json:
        as_json_line(
            {
                "system": loaded.environment.system.name,
                "environment": loaded.environment.name,
                "level": seen.level,
                "exit_code": seen.level.rank,
                "certificates": [row.json(seen.now) for row in seen.rows],
                "between_hosts": [each.json() for each in seen.between],
            }
        )
    else:
        _table(title, seen)
    return seen.level.rank


def looked(here: Inventory, loaded: Loaded) -> Status:
    """Ask for every name, and the authorities where they can be asked."""
    from handrail.control import ocsp  # noqa: PLC0415  # each verb imports what it needs
    from handrail.control.certificates import judged, known_roots, status  # noqa: PLC0415

    environment = loaded.environment
    if environment.system.edge.tls is None and not environment.system.certificates.endpoints:
        raise BadInput(
            f"{environment.system.name} on {environment.name} has neither edge.tls nor certificates.endpoints",
            next_step="docs/how-to/certificates.md",
        )
    roots = known_roots(environment, loaded.base)
    with Connections(here) as connections:
        seen = status(environment, connections, roots)
    told = ocsp.statuses(row.seen.chain for row in seen.rows if row.seen.chain)
    return judged(environment, [row.seen for row in seen.rows], roots, seen.now, told) if told else seen


def _table(title: str, seen: Status) -> None:
    out = console_for_tables()
    out.print(f"[bold]{escape(title)}[/] [{COLOURS[seen.level]}]{seen.level}[/]")
    table = Table("", "host", "name", "until", "issuer", "key", "serial", "OCSP", "", box=None, padding=(0, 2))
    for row in seen.rows:
        chain, level = row.seen.chain, row.finding.level
        facts = (
            (f"{chain.leaf.not_valid_after_utc:%Y-%m-%d %H:%M}", escape(chain.issuer), chain.key, chain.serial[-16:])
            if chain
            else ("-", "-", "-", "-")
        )
        coloured = f"[{COLOURS[level]}]{level}[/]"
        table.add_row(coloured, row.finding.host, row.seen.name, *facts, row.ocsp or "-", escape(row.finding.text))
    out.print(table, soft_wrap=True)
    for each in seen.between:
        out.print(f"[{COLOURS[each.level]}]{each.level}[/] {each.what}: {escape(each.text)}", soft_wrap=True)
