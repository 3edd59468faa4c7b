"""When a task is due, as the tables of runbooks write it: daily 09:00, Mon 10:00, monthly 2nd week 10:00.

A `When` is a rule for days, and one time of the day. Its occasions are the instants at which the clock on the wall
first shows that time, or a later one where clocks go forward over it; a time that comes twice is one occasion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic_core import core_schema

from handrail.model import weekday
from handrail.model.finding import near
from handrail.model.value import unfit
from handrail.model.zone import instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

EXAMPLES = (
    "daily 09:00", "Mon-Fri 08:00", "weekly Wed 03:00", "monthly 1st Mon 10:00", "monthly 2nd week 10:00",
    "monthly last day 18:00", "quarterly 1st Tue 10:00",
)  # fmt: skip
ALLOWED = f"days and a time such as {', '.join(EXAMPLES)}; also half-yearly and yearly"
# Every rule has an occasion within so many days: a year, a leap day and a month.
HORIZON = 400

_TIME = re.compile(r"(?P<days>.*?) ?\b(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?: ?(?P<half>am|pm))?", re.IGNORECASE)
_NTH = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "last": -1}
# Days that every month has.
_SAFE = 28
_DAY = timedelta(days=1)


class Cadence(StrEnum):
    """How often a task is due."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half-yearly"
    YEARLY = "yearly"


# Months from one occasion to the next; the first of them is January.
_MONTHS = {Cadence.MONTHLY: 1, Cadence.QUARTERLY: 3, Cadence.HALF_YEARLY: 6, Cadence.YEARLY: 12}


@dataclass(frozen=True)
class When:
    """A rule for days and a time, in minutes from midnight. `nth` -1 is the last one of a month, and so is `day`."""

    text: str
    cadence: Cadence
    minutes: int
    weekdays: tuple[int, ...] = tuple(range(7))
    nth: int = 0
    day: int = 0

    def __str__(self) -> str:
        return self.text

    def falls_on(self, day: date) -> bool:
        """Whether it is due on a day."""
        if self.cadence in _MONTHS and (day.month - 1) % _MONTHS[self.cadence]:
            return False
        if self.day:
            return day.day == self.day or (self.day < 0 and (day + _DAY).day == 1)
        if day.weekday() not in self.weekdays:
            return False
        if self.nth < 0:
            return (day + 7 * _DAY).month != day.month
        return self.nth in {0, (day.day + 6) // 7}

    @classmethod
    def read(cls, raw: object) -> When:
        """Take text as runbooks write it."""
        if isinstance(raw, When):
            return raw
        if not isinstance(raw, str) or len(raw) > 200 or not raw.isprintable():
            raise unfit(ALLOWED)
        text = " ".join(raw.split())
        match = _TIME.fullmatch(text)
        if match is None:
            raise unfit(ALLOWED, found=f"{text!r}, which ends with no time" if text and ":" not in text else "")
        minutes = _minutes(match["hour"], match["minute"], (match["half"] or "").lower())
        first, _, rest = match["days"].lower().replace("every day", "daily").partition(" ")
        if first == Cadence.DAILY and not rest:
            return cls(text, Cadence.DAILY, minutes)
        if first in {each.value for each in _MONTHS}:
            return cls(text, Cadence(first), minutes, **_in_a_month(rest, Cadence(first)))
        written = rest if first == Cadence.WEEKLY else f"{first} {rest}".strip()
        return cls(text, Cadence.WEEKLY, minutes, _weekdays(written))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.read, serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "examples": list(EXAMPLES)}


def _minutes(hour: str, minute: str, half: str) -> int:
    hours, minutes = int(hour), int(minute)
    if minutes > 59 or (not 1 <= hours <= 12 if half else hours > 23):
        shown = f"the time {hour}:{minute} {half}".strip()
        raise unfit("times from 00:00 to 23:59, or from 12:00 AM to 11:59 PM", found=shown)
    if half:
        hours = hours % 12 + (12 if half == "pm" else 0)
    return hours * 60 + minutes


def _weekdays(written: str) -> tuple[int, ...]:
    """Read the days of a week; a word that is none of them may be a cadence that was mistyped."""
    first = written.partition(" ")[0]
    meant = near(first, [each.value for each in Cadence])
    if meant and not near(first, weekday.NAMES):
        raise unfit(ALLOWED, found=repr(written), suggestion="" if meant == first else meant)
    return weekday.days(written, allowed=ALLOWED)


def _in_a_month(written: str, cadence: Cadence) -> dict[str, Any]:
    """Read a day of a month: 1st Mon, 2nd week, day 15, last day."""
    first, _, second = written.partition(" ")
    if written == "last day":
        return {"day": -1}
    if first == "day" and second.isascii() and second.isdigit() and len(second) < 3:
        if not 1 <= int(second) <= _SAFE:
            raise unfit(f"a day from 1 to {_SAFE}, which every month has, or last day", found=f"day {second}")
        return {"day": int(second)}
    nth = _NTH.get(first)
    if nth is None or not second:
        allowed = f"{cadence} and one of 1st Mon, 2nd week, last Fri, day 15, last day"
        raise unfit(allowed, found=repr(written) if written else "no day")
    if nth == 5 and cadence is not Cadence.MONTHLY:
        raise unfit(f"1st to 4th, or last: a month that is {cadence} may have no 5th for years", found="5th")
    # A week is the seven days that its Monday begins, so the 2nd week is that of the 2nd Monday.
    of = weekday.day("monday" if second == "week" else second, allowed="a day such as Mon, or week")
    return {"weekdays": (of,), "nth": nth}


def occasions(when: When, zone: ZoneInfo, *, after: datetime, until: datetime) -> tuple[datetime, ...]:
    """Give the occasions later than one instant and not later than another, in UTC."""
    first, last = after.astimezone(zone).date() - 2 * _DAY, until.astimezone(zone).date() + _DAY
    days = (first + number * _DAY for number in range((last - first).days + 1))
    # On a day that a zone skips, an occasion may be that of the next day, too.
    found = dict.fromkeys(at for at in _on(when, zone, days) if after < at <= until)
    return tuple(found)


def following(when: When, zone: ZoneInfo, *, after: datetime) -> datetime | None:
    """Give the first occasion that is later than an instant."""
    today = after.astimezone(zone).date()
    days = (today + (number - 2) * _DAY for number in range(HORIZON))
    return next((at for at in _on(when, zone, days) if at > after), None)


def _on(when: When, zone: ZoneInfo, days: Iterator[date]) -> Iterator[datetime]:
    for day in days:
        if when.falls_on(day):
            yield instant(datetime.combine(day, time()) + timedelta(minutes=when.minutes), zone)
