"""Time zones: local times of a zone as instants, also on the days when its clocks are changed."""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, WithJsonSchema

from handrail.model.value import unfit

_ALLOWED = "the IANA name of a time zone, such as UTC, Asia/Kolkata or Europe/Berlin"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")
# Files that some systems keep beside the zones: zones with leap seconds, this machine's own zone, a place holder.
_NO_ZONE = re.compile(r"(?:posix|right)/|(?:localtime|posixrules|Factory)$")
# By name, for strftime's depend on the language of the machine.
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def known(raw: object) -> str:
    """Take the name of a zone that the tz database has."""
    if not isinstance(raw, str) or not _NAME.fullmatch(raw[:64]) or _NO_ZONE.match(raw):
        raise unfit(_ALLOWED)
    try:
        ZoneInfo(raw)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise unfit(_ALLOWED, suggestion=_near(raw)) from None
    return raw


def _near(name: str) -> str:
    """Name the zone that was probably meant: `asia/kolkata`, `Kolkata`, `Asia/Kolkatta`; IST could be three of them."""
    if len(name) <= 3:
        return ""
    zones = {zone.casefold(): zone for zone in sorted(available_timezones())}
    cities = {zone.rsplit("/", 1)[-1]: zone for zone in zones}
    asked = name.casefold().replace(" ", "_")
    if asked in zones:
        return zones[asked]
    if found := difflib.get_close_matches(asked, zones, n=1, cutoff=0.75):
        return zones[found[0]]
    found = difflib.get_close_matches(asked.rsplit("/", 1)[-1], cities, n=1, cutoff=0.8)
    return zones[cities[found[0]]] if found else ""


TimeZone = Annotated[
    str, BeforeValidator(known), WithJsonSchema({"type": "string", "examples": ["UTC", "Asia/Kolkata"]})
]


def instant(local: datetime, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """Give the instant, in UTC, of a local time without a zone.

    A local time that is skipped, because clocks go forward, becomes the first instant after the gap. One that comes
    twice, because clocks go back, is its first occurrence, or its last one if asked.
    """
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return second if last else first
    # In a gap: PEP 495 gives an instant after the change for fold 0, and one before it for fold 1.
    before = second.astimezone(zone).utcoffset()
    while first - second > timedelta(seconds=1):
        middle = second + (first - second) // 2
        if middle.astimezone(zone).utcoffset() == before:
            second = middle
        else:
            first = middle
    return first.replace(microsecond=0)


def shown(at: datetime, zone: ZoneInfo) -> str:
    """Write an instant in local time and in UTC: Tue 2026-11-24 22:00 IST = 16:30 UTC."""
    local, utc = at.astimezone(zone), at.astimezone(UTC)
    words = f"{DAYS[local.weekday()]} {local:%Y-%m-%d %H:%M %Z}"
    if zone.key == "UTC":
        return words
    return f"{words} = {utc:%H:%M} UTC" if local.date() == utc.date() else f"{words} = {utc:%Y-%m-%d %H:%M} UTC"
