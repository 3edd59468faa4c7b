"""Freezes: when an environment may not be changed, windows or not."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from handrail.model.notation import FilePath, Line
from handrail.model.value import Value, unfit
from handrail.model.zone import instant

_ALLOWED = "a day such as 2026-12-20, or a day and a time in quotes, such as '2026-12-20 18:00'"
_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2})?"
# What comes later is a slip, and would leave what a date can hold.
_YEARS = range(1970, 9000)
_DAY = timedelta(days=1)


def moment(raw: object) -> date:
    """Take a day, or a local time, which is a day too; YAML may have made a date of either."""
    if isinstance(raw, str):
        if not re.fullmatch(_PATTERN, raw):
            raise unfit(_ALLOWED)
        try:
            raw = datetime.fromisoformat(raw) if " " in raw else date.fromisoformat(raw)
        except ValueError:
            raise unfit(_ALLOWED, found=f"{raw!r}, which is in no calendar") from None
    if not isinstance(raw, date) or raw.year not in _YEARS:
        raise unfit(_ALLOWED)
    if isinstance(raw, datetime) and (raw.tzinfo is not None or raw.second or raw.microsecond):
        raise unfit(f"{_ALLOWED}; it is local time of the system's zone, to the minute")
    return raw


def written(at: date) -> str:
    """Write a day or a local time so that `moment` reads it back."""
    return f"{at:%Y-%m-%d %H:%M}" if isinstance(at, datetime) else at.isoformat()


Moment = Annotated[
    date,
    PlainValidator(moment),
    PlainSerializer(written, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$", "examples": ["2026-12-20", "2026-12-20 18:00"]}),
]


class Freeze(Value):
    """A span without changes, or a calendar that has such spans."""

    begins: Moment | None = Field(
        default=None, alias="from", description="First day of it, or the day and time when it begins."
    )
    ends: Moment | None = Field(
        default=None, alias="to", description="Last day of it, or the day and time when it is over."
    )
    reason: Line | None = Field(default=None, description="Why; whoever is refused reads it.")
    calendar: FilePath | None = Field(
        default=None, description="An iCalendar file, relative to this document, whose every event is a freeze."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        parts = {"from": self.begins, "to": self.ends, "reason": self.reason, "calendar": self.calendar}
        given = [name for name, part in parts.items() if part is not None]
        if given not in (["from", "to", "reason"], ["calendar"]):
            raise unfit("from, to and reason, or calendar alone", found=" and ".join(given) or "none of them")
        if self.calendar is None and self.span()[0] >= self.span()[1]:
            raise unfit("a freeze that ends after it begins", found=str(self))
        return self

    def __str__(self) -> str:
        if self.begins is None or self.ends is None:
            return f"the calendar {self.calendar}"
        return f"{written(self.begins)} to {written(self.ends)} ({self.reason})"

    def span(self) -> tuple[datetime, datetime]:
        """Give its begin and its end in local time; a day that ends it is part of it."""
        if self.begins is None or self.ends is None:
            raise ValueError("a freeze that is a calendar has no span of its own")
        first = self.begins if isinstance(self.begins, datetime) else datetime.combine(self.begins, time())
        last = self.ends if isinstance(self.ends, datetime) else datetime.combine(self.ends, time()) + _DAY
        return first, last


def overlaps(freezes: Iterable[Freeze]) -> tuple[tuple[Freeze, Freeze], ...]:
    """Name freezes with dates that overlap, in pairs: one of the two has a wrong date; calendars are not looked at."""
    dated = sorted((freeze for freeze in freezes if freeze.calendar is None), key=Freeze.span)
    longest = _longest_so_far(dated)
    return tuple(
        (before, after) for before, after in zip(longest, dated[1:], strict=False) if after.span()[0] < before.span()[1]
    )


def _longest_so_far(dated: Sequence[Freeze]) -> tuple[Freeze, ...]:
    longest: list[Freeze] = []
    for freeze in dated:
        goes_on = longest and longest[-1].span()[1] > freeze.span()[1]
        longest.append(longest[-1] if goes_on else freeze)
    return tuple(longest)


def _apart(freezes: tuple[Freeze, ...]) -> tuple[Freeze, ...]:
    pairs = overlaps(freezes)
    if pairs:
        found = "; ".join(f"{first} overlaps {second}" for first, second in pairs[:3])
        raise unfit("freezes that do not overlap", found=found)
    return freezes


Freezes = Annotated[tuple[Freeze, ...], AfterValidator(_apart)]


@dataclass(frozen=True, order=True)
class Closed:
    """A span, in UTC, in which nothing may be changed, and why; its end is the first instant that is not in it."""

    begin: datetime
    end: datetime
    reason: str

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return {"begins": self.begin.isoformat(), "ends": self.end.isoformat(), "reason": self.reason}


def closures(freezes: Iterable[Freeze], zone: ZoneInfo) -> tuple[Closed, ...]:
    """Give the spans of freezes with dates; those of calendars are read by `handrail.calendars`.

    A local time that comes twice begins a freeze at its first occurrence and ends it at its last one.
    """
    found = []
    for freeze in freezes:
        if freeze.calendar is None:
            begin, end = freeze.span()
            found.append(Closed(instant(begin, zone), instant(end, zone, last=True), freeze.reason or ""))
    return tuple(sorted(each for each in found if each.begin < each.end))
