"""Days of the week as people write them: Tue & Thu, Mon-Fri, daily."""

from __future__ import annotations

import re

from handrail.model.finding import near
from handrail.model.value import unfit
from handrail.model.zone import DAYS

_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = {name: day for day, long in enumerate(_LONG) for name in (long, long[:3])} | {"tues": 1, "thur": 3, "thurs": 3}
_DAILY = frozenset({"daily", "every day"})
# What a day is when it is written on its own, for suggestions.
NAMES = (*_LONG, *(day.lower() for day in DAYS))


def is_day(written: str) -> bool:
    """Whether it is the name of one day."""
    return written.lower() in _DAY


def days(written: str, *, allowed: str) -> tuple[int, ...]:
    """Read days, Monday as 0; `allowed` is what the message says may stand there."""
    if written in _DAILY:
        return tuple(range(7))
    found: set[int] = set()
    for item in re.split(r" ?(?:&|,| and ) ?", written):
        first, *more = (day(name, allowed=allowed) for name in re.split(r" ?[-\u2013] ?", item, maxsplit=1))
        last = more[0] if more else first
        if more and first == last:
            raise unfit(allowed, found=f"the days {item!r}, from a day to itself")
        found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    return tuple(sorted(found))


def day(name: str, *, allowed: str) -> int:
    """Read one day, Monday as 0."""
    if name not in _DAY:
        suggestion = near(name, (*NAMES, *_DAILY))
        raise unfit(allowed, found=f"the day {name!r}" if name else "no day", suggestion=suggestion)
    return _DAY[name]
