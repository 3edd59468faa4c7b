"""What the maintenance tasks show: plans, steps, windows."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from handrail.control.show import as_json_line, console_for_tables
from handrail.maintenance import owner
from handrail.maintenance.plan import changed_since
from handrail.model import duration
from handrail.model.zone import shown as at_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.maintenance.book import Booking
    from handrail.maintenance.plan import Plan

MARKS = {
    "ok": ("✓", "green"),
    "failed": ("✗", "red"),
    "aborted": ("✗", "red"),
    "mixed": ("✗", "red"),
    "": ("…", "yellow"),
}
UTC_ZONE = ZoneInfo("UTC")


def plan(asked: Plan, *, as_json: bool, aside: bool = False) -> None:
    """Show what a window would do."""
    told = asked.json()
    if as_json:
        as_json_line(told)
        return
    console = Console(stderr=True) if aside else console_for_tables()
    table = Table("at", "step", "takes up to", "undone by", box=None, pad_edge=False)
    for step in told["steps"]:
        at = datetime.fromisoformat(step["at"]).astimezone(asked.zone)
        takes = duration.text(timedelta(seconds=step["takes_seconds"]))
        table.add_row(f"{at:%H:%M}", Text(step["title"]), takes, Text(step["undo"]))
    console.print(f"{told['window']} on {told['system']} {told['environment']}", style="bold")
    console.print(f"begins {at_zone(asked.begins, asked.zone)}, ends {at_zone(asked.ends, asked.zone)}")
    console.print(table)


def booked(booking: Booking, *, as_json: bool) -> None:
    """Say that a window is booked."""
    if as_json:
        as_json_line(_told(booking))
    else:
        sys.stdout.write(f"booked {booking.id}: {at_zone(booking.begins, UTC_ZONE)}; fab worker runs it\n")


def aborted(booking: Booking, *, as_json: bool) -> None:
    """Say that a window is to be undone."""
    if as_json:
        as_json_line({"window": booking.id, "aborted": True})
    else:
        sys.stdout.write(f"{booking.id} is to be undone; fab maintenance.status {booking.id}\n")


def status(booking: Booking, steps: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Show a window step by step."""
    changed = changed_since(booking) if booking.row["exit_code"] is None else ""
    if as_json:
        as_json_line(_told(booking) | {"changed": changed, "steps": [_step(row) for row in steps]})
        return
    console = console_for_tables()
    console.print(
        f"{booking.id} on {booking.row['system']} {booking.row['environment']}: {_state(booking)}", style="bold"
    )
    console.print(f"{at_zone(booking.begins, UTC_ZONE)} to {at_zone(booking.ends, UTC_ZONE)}, by {booking.row['who']}")
    if changed:
        console.print(Text(changed, style="yellow"))
    table = Table.grid(padding=(0, 1))
    for row in steps:
        mark, style = MARKS[row["outcome"]]
        spent = f"{row['ended'] - row['began']:.1f} s" if row["ended"] else "under way"
        table.add_row(Text(mark, style=style), Text(row["title"]), spent, Text(row["text"], style="dim"))
    console.print(table)


def every(bookings: Sequence[Booking], *, as_json: bool) -> None:
    """List windows."""
    if as_json:
        as_json_line({"windows": [_told(each) for each in bookings]})
        return
    table = Table("window", "system", "environment", "begins", "state", box=None, pad_edge=False)
    for each in bookings:
        begins = at_zone(each.begins, UTC_ZONE)
        table.add_row(each.id, each.row["system"], each.row["environment"], begins, Text(_state(each)))
    console_for_tables().print(table)


def news(steps: Sequence[Mapping[str, Any]], seen: set[str]) -> None:
    """Show steps that have begun or ended since the last look, a line for each."""
    console = Console(stderr=True, highlight=False)
    for row in steps:
        for key, mark in ((f"{row['key']} begun", ""), (f"{row['key']} over", row["outcome"])):
            if key in seen or (key.endswith("over") and not row["outcome"]):
                continue
            seen.add(key)
            sign, style = MARKS[mark]
            words = f" {row['text']} ({row['ended'] - row['began']:.1f} s)" if mark else ""
            console.print(Text(f"  {sign} {row['title']}{words}", style=style if mark else "dim"), soft_wrap=True)


def left(identity: str) -> None:
    """Say that nobody looks on any more, and that the window goes on."""
    sys.stderr.write(f"{identity} goes on: fab maintenance.status; fab maintenance.abort {identity} has it undone\n")


def end(booking: Booking, *, as_json: bool) -> None:
    """Say how a window ended."""
    if as_json:
        as_json_line(_told(booking))
        return
    style = "green" if booking.row["exit_code"] == 0 else "bold red"
    console_for_tables().print(Text(f"{booking.id}: {booking.row['text']}", style=style), soft_wrap=True)


def _told(booking: Booking) -> dict[str, Any]:
    row = booking.row
    return {
        "window": booking.id, "system": row["system"], "environment": row["environment"], "file": row["file"],
        "begins": booking.begins.isoformat(), "ends": booking.ends.isoformat(), "state": row["state"],
        "exit_code": row["exit_code"], "text": row["text"], "aborted": row["aborted"], "digest": row["digest"],
    }  # fmt: skip


def _step(row: Mapping[str, Any]) -> dict[str, Any]:
    moments = {name: row[name] and datetime.fromtimestamp(row[name], UTC).isoformat() for name in ("began", "ended")}
    return {"key": row["key"], "title": row["title"], "outcome": row["outcome"], "text": row["text"],
            "tries": row["tries"], "runner": owner.process(row["owner"]), **moments}  # fmt: skip


def _state(booking: Booking) -> str:
    if booking.row["text"]:
        return str(booking.row["text"])
    return f"{booking.row['state']}, to be undone" if booking.row["aborted"] else str(booking.row["state"])
