"""Messages as people read them, and as JSON for machines: what became of each. No URL is among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from handrail.control.show import as_json_line, console_for_tables
from handrail.model.delivery import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.model.delivery import Delivery
    from handrail.model.environment import Environment
    from handrail.notify.outbox import Row

COLOURS = {State.SENT: "green", State.BEFORE: "green", State.UNDER_WAY: "yellow"}
BAD = "bold red"
# A time as people read it, to the second.
AT_LETTERS = 19


def tested(deliveries: Sequence[Delivery], code: int, *, as_json: bool) -> None:
    """Show where a test arrived."""
    if as_json:
        as_json_line({"exit_code": code, "deliveries": [each.json() for each in deliveries]})
        return
    table = Table("channel", "secret", "state", "tries", "", box=None, padding=(0, 2))
    for each in deliveries:
        table.add_row(each.channel, each.secret, _state(each.state), str(each.tries), escape(each.text))
    console_for_tables().print(table)


def sent(environment: Environment, rows: Sequence[Row], code: int, *, as_json: bool) -> None:
    """Show what was sent."""
    if as_json:
        place = {"system": environment.system.name, "environment": environment.name}
        as_json_line({"exit_code": code, **place, "messages": [row.json() for row in rows]})
        return
    table = Table("at (UTC)", "event", "channel", "secret", "state", "tries", "title", "", box=None, padding=(0, 2))
    for row in rows:
        table.add_row(
            row.at[:AT_LETTERS].replace("T", " "), row.event, row.channel, row.secret, _state(row.state),
            str(row.tries), escape(row.title), escape(row.text),
        )  # fmt: skip
    console_for_tables().print(table if rows else "nothing was sent")


def _state(state: State) -> str:
    return f"[{COLOURS.get(state, BAD)}]{state}[/]"
