"""Schedules for people: tasks as they stand, what a run found, and the runs so far; the same as JSON for machines."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Table

from handrail.control.schedule_list import past_json
from handrail.control.show import COLOURS, as_json_line, console_for_tables
from handrail.model.level import Level, worst
from handrail.model.zone import DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from handrail.control.schedule_list import Standing
    from handrail.control.schedule_result import Result
    from handrail.model.environment import Environment
    from handrail.model.occasion import Past

STATES = {"runs": "cyan", "due": "yellow", "overdue": "bold red"}


def standings(environment: Environment, found: Sequence[Standing], code: int, *, as_json: bool) -> None:
    """Show every task, in the order of the YAML."""
    if as_json:
        named = {"system": environment.system.name, "environment": environment.name, "exit_code": code}
        as_json_line({**named, "tasks": [each.json() for each in found]})
        return
    out = console_for_tables()
    zone = environment.system.schedule.time_zone
    out.print(f"[bold]{_title(environment)}[/]: {len(found) or 'no'} task{'s' * (len(found) != 1)}, times of {zone}")
    table = Table("task", "owner", "when", "by", "last", "", "next", "UTC", "", box=None, padding=(0, 2))
    for each in found:
        last, state = each.last, each.state
        upcoming = each.following
        table.add_row(
            each.task.name, escape(each.task.owner), str(each.task.when), each.task.kind,
            _level(last.level) if last else "-", _local(last.started, each.zone) if last else "",
            _local(upcoming, each.zone) if upcoming else "-",
            f"{upcoming.astimezone(UTC):%m-%d %H:%M}" if upcoming else "",
            f"[{STATES[state]}]{state}[/]" if state else "",
        )  # fmt: skip
    out.print(table)


def results(environment: Environment, found: Sequence[Result], *, as_json: bool) -> None:
    """Show what came of each task that was due."""
    level = worst(each.level for each in found)
    if as_json:
        named = {"system": environment.system.name, "environment": environment.name, "level": level}
        as_json_line({**named, "exit_code": level.rank, "results": [each.json() for each in found]})
        return
    out = console_for_tables()
    if not found:
        out.print(f"[bold]{_title(environment)}[/]: nothing is due")
    zone = ZoneInfo(environment.system.schedule.time_zone)
    table = Table(box=None, show_header=False, padding=(0, 2))
    for each in found:
        mark = "[yellow]WAITS[/]" if each.waits and each.level is Level.OK else _level(each.level)
        table.add_row(mark, each.task.name, _local(each.due.occasion, zone), escape(each.text))
    if found:
        out.print(table)


def history(environment: Environment, found: Sequence[Past], *, as_json: bool) -> None:
    """Show runs, the newest last."""
    if as_json:
        named = {"system": environment.system.name, "environment": environment.name}
        as_json_line({**named, "runs": [past_json(run) for run in found]})
        return
    zone = ZoneInfo(environment.system.schedule.time_zone)
    table = Table("", "task", "was due", "began", "seconds", "who", "what came of it", box=None, padding=(0, 2))
    for run in found:
        seconds = f"{(run.ended - run.started).total_seconds():.1f}" if run.ended else ""
        table.add_row(
            _level(run.level) if run.level else "-", run.task, _local(run.occasion, zone), _local(run.started, zone),
            seconds, escape(run.who), escape(run.text if run.ended else "it runs, or has died"),
        )  # fmt: skip
    console_for_tables().print(table)


def _title(environment: Environment) -> str:
    return f"{environment.system.name} on {environment.name}"


def _level(level: Level | None) -> str:
    return f"[{COLOURS[str(level)]}]{level}[/]"


def _local(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M %Z}"
