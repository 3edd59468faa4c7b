"""Windows: when an environment may be changed next, as a small calendar and as a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.markup import escape
from rich.table import Table

from handrail.calendars import every_closure
from handrail.control.show import as_json_line, console_for_tables
from handrail.control.task import exits, opened, whole
from handrail.model import duration
from handrail.model.changes import Changes
from handrail.model.timing import Open, Shut, decide_window, free_openings
from handrail.model.window import AHEAD, Opening, Window, openings, words
from handrail.model.zone import DAYS, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from handrail.model.freeze import Closed

MOST_DAYS = 60
# For people; JSON has them all.
LISTED = 10
OPEN, PARTLY, FROZEN, SHUT = "▓", "▒", "✗", "·"
COLOURS = {OPEN: "green", PARTLY: "green", FROZEN: "red", SHUT: "dim"}
# Two letters an hour: 24 hours, a mark and a date fit in 80 columns.
WIDTH = 2


@dataclass(frozen=True)
class Outlook:
    """What the coming days allow; `free` are the openings less the freezes."""

    windows: tuple[Window, ...]
    zone: ZoneInfo
    now: datetime
    days: int
    state: Open | Shut
    free: tuple[Opening, ...]
    frozen: tuple[Closed, ...]

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        is_open = isinstance(self.state, Open)
        until = self.state.until if isinstance(self.state, Open) else None
        opens = self.state.opens_at if isinstance(self.state, Shut) else None
        return {
            "time_zone": self.zone.key,
            "windows": [str(window) for window in self.windows] or ["any time"],
            "now": self.now.isoformat(),
            "open": is_open,
            "until": until and until.isoformat(),
            "opens_at": opens and opens.isoformat(),
            "text": self.state.words if isinstance(self.state, Open) else self.state.reason,
            "days": self.days,
            "openings": [self._span(each.begin, each.end) for each in self.free],
            "freezes": [self._span(each.begin, each.end) | {"reason": each.reason} for each in self.to_come],
        }

    @property
    def to_come(self) -> tuple[Closed, ...]:
        """The freezes that are not over."""
        return tuple(each for each in self.frozen if each.end > self.now)

    def _span(self, begin: datetime, end: datetime) -> dict[str, str]:
        local = {f"local_{key}": at.astimezone(self.zone).isoformat() for key, at in (("begins", begin), ("ends", end))}
        return {"begins": begin.astimezone(UTC).isoformat(), "ends": end.astimezone(UTC).isoformat()} | local


@exits
def show_windows(inventory: str | None, *, days: str, as_json: bool) -> int:
    """Show when an environment may be changed in the coming days."""
    count = whole("--days", days, least=1, most=MOST_DAYS, next_step="fab windows --days 14")
    loaded = opened(inventory).load()
    environment, now = loaded.environment, datetime.now(UTC)
    rules = environment.system.changes or Changes()
    zone = ZoneInfo(rules.time_zone)
    closed = every_closure(rules.freezes, zone, base=loaded.base, start=now - timedelta(days=2), end=now + AHEAD)
    seen = outlook(rules.windows, zone, closed, now, days=count)
    if as_json:
        as_json_line({"system": environment.system.name, "environment": environment.name} | seen.json())
    else:
        print_outlook(f"{environment.system.name} on {environment.name}", seen, console_for_tables())
    return 0


def outlook(
    windows: Sequence[Window], zone: ZoneInfo, closures: Iterable[Closed], now: datetime, *, days: int
) -> Outlook:
    """Look ahead so many days, today among them; freezes are all that were not over when today began."""
    now = now.astimezone(UTC).replace(second=0, microsecond=0)
    closed = sorted(closures)
    today = now.astimezone(zone).date()
    begin = instant(datetime.combine(today, time()), zone)
    end = instant(datetime.combine(today + timedelta(days=days), time()), zone)
    free = free_openings(openings(windows, zone, begin, end), closed)
    state = decide_window(windows, zone, closed, now, timedelta())
    frozen = tuple(each for each in closed if each.end > begin)
    return Outlook(tuple(windows), zone, now, days, state, tuple(free), frozen)


def bar(seen: Outlook, day: date) -> str:
    """Draw the hours of a day, a letter each; an hour that the zone skips is a space."""
    midnight = datetime.combine(day, time())
    edges = [instant(midnight + timedelta(hours=hour), seen.zone) for hour in range(25)]
    return "".join(_hour(seen, begin, end) for begin, end in pairwise(edges))


def _hour(seen: Outlook, begin: datetime, end: datetime) -> str:
    if begin >= end:
        return " "
    parts = [(max(each.begin, begin), min(each.end, end)) for each in seen.free]
    free = sum((last - first for first, last in parts if first < last), timedelta())
    if free:
        return OPEN if free == end - begin else PARTLY
    return FROZEN if any(each.begin < end and each.end > begin for each in seen.frozen) else SHUT


def print_outlook(title: str, seen: Outlook, out: Console) -> None:
    """Print the calendar, then openings and freezes with their times."""
    state = seen.state
    told = f"[green]open[/]: {escape(state.words)}" if isinstance(state, Open) else f"[yellow]{escape(state.reason)}[/]"
    out.print(f"[bold]{escape(title)}[/]: {escape(words(seen.windows, seen.zone))}", soft_wrap=True)
    out.print(told, soft_wrap=True)
    out.print(_calendar(seen))
    out.print(
        f"{OPEN} open  {PARTLY} open for a part of the hour  {FROZEN} frozen  {SHUT} shut  (hours of {seen.zone.key})"
    )
    _list_openings(out, seen)
    for each in seen.to_come[:LISTED]:
        begin, end = _both(each, seen.zone)
        out.print(
            f"[red]frozen[/] {begin[0]} to {end[0]} ({begin[1]} to {end[1]} UTC): {escape(each.reason)}", soft_wrap=True
        )
    _more(out, "freezes", len(seen.to_come))


def _calendar(seen: Outlook) -> Table:
    """Make a row for each day; the hour that it is now has a mark above it."""
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    local = seen.now.astimezone(seen.zone)
    table.add_row("", "", "".join(f"{hour:02}".ljust(3 * WIDTH) for hour in range(0, 24, 3)))
    table.add_row("", f"now {local:%H:%M %Z}", f"{' ' * (local.hour * WIDTH)}[bold]▼[/]")
    for day in (local.date() + timedelta(days=number) for number in range(seen.days)):
        today = day == local.date()
        name = f"{DAYS[day.weekday()]} {day}"
        cells = "".join(f"[{COLOURS.get(each, 'dim')}]{each * WIDTH}[/]" for each in bar(seen, day))
        table.add_row("[bold]>[/]" if today else "", f"[bold]{name}[/]" if today else name, cells)
    return table


def _list_openings(out: Console, seen: Outlook) -> None:
    ahead = [each for each in seen.free if each.end > seen.now]
    table = Table("opens", "until", "in UTC", "for", box=None, padding=(0, 1), pad_edge=False)
    for each in ahead[:LISTED]:
        begin, end = _both(each, seen.zone)
        lasts = duration.text(each.end - max(each.begin, seen.now))
        table.add_row(begin[0], end[0], f"{begin[1]} to {end[1]}", lasts)
    if ahead:
        out.print(table)
    _more(out, "openings", len(ahead))


def _both(span: Opening | Closed, zone: ZoneInfo) -> tuple[tuple[str, str], tuple[str, str]]:
    """Write the begin and the end of a span in local time and in UTC; the year stands at the begin alone."""
    begin, end = (at.astimezone(zone) for at in (span.begin, span.end))
    return (
        (f"{DAYS[begin.weekday()]} {begin:%Y-%m-%d %H:%M %Z}", f"{begin.astimezone(UTC):%m-%d %H:%M}"),
        (f"{DAYS[end.weekday()]} {end:%m-%d %H:%M %Z}", f"{end.astimezone(UTC):%m-%d %H:%M}"),
    )


def _more(out: Console, what: str, count: int) -> None:
    if count > LISTED:
        out.print(f"and {count - LISTED} more {what}; --json has them all")
