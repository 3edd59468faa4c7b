"""Windows: when an environment may be changed, as runbooks write it: Tue & Thu 22:00-02:00.

A window belongs to the day on which it opens: `Fri-Sun 22:00-06:00` is three nights, the last one ends on Monday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator
from pydantic_core import core_schema

from handrail.model import weekday
from handrail.model.value import unfit
from handrail.model.zone import TimeZone, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from zoneinfo import ZoneInfo

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

__all__ = ["AHEAD", "Opening", "TimeZone", "Window", "Windows", "next_openings", "opening_at", "openings", "words"]

ALLOWED = "days and times such as Tue & Thu 22:00-02:00, Mon-Thu 10:00-16:00, daily 01:00-03:00; or any time"
# How far openings are looked for: a year, a leap day and a month.
AHEAD = timedelta(days=400)
# A row of touching windows ends within two weeks, or never.
BEHIND = timedelta(days=16)

_ANY = frozenset({"any time", "anytime"})
_TIME = r"([0-9]{2}):([0-9]{2})"
# Documents have a dash there as often as a hyphen.
_FORM = re.compile(rf"(?P<days>\S.*?) (?P<begin>{_TIME}) ?[-\u2013] ?(?P<end>{_TIME})")
_MINUTES = 24 * 60


@dataclass(frozen=True)
class Window:
    """Days of the week, and the minutes from their midnight at which it opens and shuts; the end may be past 24:00."""

    text: str
    days: tuple[int, ...] = tuple(range(7))
    begin: int = 0
    end: int = _MINUTES

    def __str__(self) -> str:
        return self.text

    @classmethod
    def read(cls, raw: object) -> Window:
        """Take text as runbooks write it."""
        if isinstance(raw, Window):
            return raw
        if not isinstance(raw, str) or len(raw) > 200 or not raw.isprintable():
            raise unfit(ALLOWED)
        text = " ".join(raw.split())
        if text.lower() in _ANY:
            return cls("any time")
        match = _FORM.fullmatch(text)
        if match is None:
            raise unfit(ALLOWED, found=_half(text))
        begin, end = _minutes(match["begin"], last=23), _minutes(match["end"], last=24)
        if begin == end or (begin == 0 and end == 0):
            raise unfit(
                f"{ALLOWED}; a whole day is 00:00-24:00", found=f"{match['begin']}-{match['end']}, which is no time"
            )
        days = weekday.days(match["days"].lower(), allowed=ALLOWED)
        return cls(text, days, begin, end if end > begin else end + _MINUTES)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.read, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "examples": ["any time", "Tue & Thu 22:00-02:00", "Mon-Thu 10:00-16:00"]}


def _half(text: str) -> str:
    """Say it where YAML has cut a window in two."""
    if weekday.is_day(text):
        return f"{text!r} alone; YAML cuts [Sat,Sun 00:00-24:00] at the comma: write Sat & Sun, or put quotes around it"
    return ""


def _minutes(written: str, *, last: int) -> int:
    hours, minutes = map(int, written.split(":"))
    if minutes > 59 or hours * 60 + minutes > (_MINUTES if last == 24 else _MINUTES - 1):
        raise unfit(f"times from 00:00 to 23:59; 24:00 as an end; {ALLOWED}", found=f"the time {written}")
    return hours * 60 + minutes


def _some(windows: tuple[Window, ...]) -> tuple[Window, ...]:
    """Refuse a list with nothing in it: some read it as any time, some as never."""
    if not windows:
        raise unfit("at least one window, such as any time; to forbid changes write a freeze", found="an empty list")
    return windows


Windows = Annotated[tuple[Window, ...], AfterValidator(_some)]


@dataclass(frozen=True)
class Opening:
    """A span, in UTC, in which changes may be made; its end is the first instant that is not in it."""

    begin: datetime
    end: datetime


def words(windows: Sequence[Window], zone: ZoneInfo) -> str:
    """Write windows in one line: Tue & Thu 22:00-02:00 (Asia/Kolkata)."""
    return f"{' and '.join(map(str, windows)) or 'any time'} ({zone.key})"


def openings(windows: Sequence[Window], zone: ZoneInfo, start: datetime, end: datetime) -> tuple[Opening, ...]:
    """Give the openings from one instant to another, cut off at both; windows that touch or overlap are one opening.

    Without any window it is open at any time. When clocks go forward, a time that is skipped counts as the first
    instant after the gap; when they go back, a window opens at the first occurrence of its begin and shuts at the last
    one of its end.
    """
    if not windows:
        return (Opening(start, end),) if start < end else ()
    first, last = start.astimezone(zone).date() - timedelta(days=2), end.astimezone(zone).date()
    spans = [span for day in _dates(first, last) for window in windows for span in _on(window, day, zone)]
    merged: list[Opening] = []
    for span in sorted(spans, key=lambda each: each.begin):
        if merged and span.begin <= merged[-1].end:
            merged[-1] = Opening(merged[-1].begin, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    cut = (Opening(max(each.begin, start), min(each.end, end)) for each in merged)
    return tuple(each for each in cut if each.begin < each.end)


def _dates(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))


def _on(window: Window, day: date, zone: ZoneInfo) -> Iterable[Opening]:
    """Give the opening of a window on one day; a day or an hour that the zone skips has none."""
    if day.weekday() in window.days:
        midnight = datetime.combine(day, time())
        begin = instant(midnight + timedelta(minutes=window.begin), zone)
        end = instant(midnight + timedelta(minutes=window.end), zone, last=True)
        if begin < end:
            yield Opening(begin, end)


def opening_at(windows: Sequence[Window], zone: ZoneInfo, now: datetime) -> Opening | None:
    """Give the opening that an instant is in, if any; what goes on for longer is cut off 16 days back, 400 ahead."""
    near_now = openings(windows, zone, now - BEHIND, now + BEHIND)
    here = next((each for each in near_now if each.begin <= now < each.end), None)
    if here is None or here.end < now + BEHIND:
        return here
    far = openings(windows, zone, now, now + AHEAD)
    return Opening(here.begin, far[0].end)


def next_openings(windows: Sequence[Window], zone: ZoneInfo, now: datetime, count: int) -> tuple[Opening, ...]:
    """Give the openings that begin after an instant, 400 days ahead at the most."""
    ahead = openings(windows, zone, now - BEHIND, now + AHEAD)
    return tuple(each for each in ahead if each.begin > now)[:count]
