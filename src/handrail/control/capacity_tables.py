"""Capacity as tables for people, and as JSON for machines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from handrail.control.show import as_json_line, console_for_tables
from handrail.model.capacity import Verdict, shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from handrail.model.capacity import Advice, Capacity, Part, Seen, Size

STYLES = {Verdict.NOTHING: "green", Verdict.CHANGE: "yellow", Verdict.LIMIT: "bold red"}


def capacity(found: Capacity, picture: Path | None, *, as_json: bool) -> None:
    """Show each part, then what to change and why; datastores first, for tasks need them."""
    if as_json:
        as_json_line(as_data(found))
        return
    out = console_for_tables()
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (found.since, found.until))
    out.print(f"[bold]{found.system}[/] on {found.environment}: {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, UTC")
    table = Table("", "part", "highest", "count", "vCPU", "GiB", "task hours a day", box=None, padding=(0, 2))
    for part in found.parts:
        table.add_row(*_row(part))
    table.add_row("", "all", "", "", *(_sums(found, what) for what in ("vcpu", "gib")), "", style="bold")
    out.print(table)
    for part in sorted(found.parts, key=lambda part: part.verdict is Verdict.NOTHING):
        for advice in part.advices:
            _advised(out, part, advice)
    if picture is not None:
        out.print(f"plotted to {picture}", soft_wrap=True)


def _advised(out: Console, part: Part, advice: Advice) -> None:
    style = STYLES[advice.verdict]
    out.print(f"[{style}]{advice.verdict}[/] [bold]{part.name}[/] {escape(advice.why)}", soft_wrap=True)
    for change in advice.changes:
        out.print(f"  {escape(change.key)}: {change.now} -> {change.then}", soft_wrap=True)


def _row(part: Part) -> list[str]:
    highest = ", ".join(
        f"{name} {shown(name, each.series.peak)}" for name, each in part.seen.items() if each.series.known
    )
    hours = _arrow(f"{part.hours.now:.0f}", f"{part.hours.then:.0f}") if part.hours else ""
    if part.hours and part.hours.idle >= 1:
        hours += f", {part.hours.idle:.0f} idle"
    return [
        f"[{STYLES[part.verdict]}]{part.verdict}[/]", part.name, highest.replace("cpu", "CPU"),
        _sized(part, _count), _sized(part, lambda size: _range(size, size.vcpu)),
        _sized(part, lambda size: _range(size, size.gib)), hours,
    ]  # fmt: skip


def _sized(part: Part, words: Callable[[Size], str]) -> str:
    return _arrow(words(part.now), words(part.then))


def _arrow(now: str, then: str) -> str:
    return now if now == then else f"{now} -> {then}"


def _count(size: Size) -> str:
    return _range(size, 1)


def _range(size: Size, each: float | None) -> str:
    return "-" if each is None else _span(size.least * each, size.most * each)


def _span(least: float, most: float) -> str:
    return f"{least:g}" if least == most else f"{least:g} to {most:g}"


def _sums(found: Capacity, what: str) -> str:
    """Add up what is known: at least and at most, now and then."""
    words = []
    for when in ("now", "then"):
        sizes = [getattr(part, when) for part in found.parts]
        known = [(size, each) for size in sizes if (each := getattr(size, what)) is not None]
        words.append(
            _span(sum(size.least * each for size, each in known), sum(size.most * each for size, each in known))
        )
    return _arrow(*words)


def as_data(found: Capacity) -> dict[str, Any]:
    """Give all of it for machines."""
    return {
        "exit_code": found.verdict.code, "verdict": found.verdict, "system": found.system,
        "environment": found.environment, "since": datetime.fromtimestamp(found.since, UTC).isoformat(),
        "until": datetime.fromtimestamp(found.until, UTC).isoformat(), "period_seconds": found.period,
        "parts": [_part(part) for part in found.parts],
    }  # fmt: skip


def _part(part: Part) -> dict[str, Any]:
    hours = part.hours and {
        "now": round(part.hours.now, 1), "idle": round(part.hours.idle, 1), "then": round(part.hours.then, 1),
    }  # fmt: skip
    return {
        "name": part.name, "kind": part.kind, "verdict": part.verdict,
        "numbers": {name: _seen(each) for name, each in part.seen.items()},
        "advices": [_advice(each) for each in part.advices],
        "now": part.now.json(), "then": part.then.json(), "task_hours_a_day": hours,
    }  # fmt: skip


def _seen(seen: Seen) -> dict[str, Any]:
    return {
        "highest": seen.series.peak if seen.series.known else None, "known_minutes": seen.series.seconds // 60,
        "limit": seen.rule.over, "limit_minutes": seen.rule.minutes, "passed_minutes": seen.minutes,
    }  # fmt: skip


def _advice(advice: Advice) -> dict[str, Any]:
    changes = [{"key": each.key, "now": each.now, "then": each.then} for each in advice.changes]
    return {"verdict": advice.verdict, "why": advice.why, "changes": changes}
