"""Calendars: an iCalendar file whose every event is a freeze.

What cannot be read is never passed over: an event that is left out would be a freeze that nobody keeps.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from handrail.errors import BadInput
from handrail.model.freeze import Closed, closures
from handrail.model.zone import instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from icalendar import Calendar

    from handrail.model.freeze import Freeze

# A hundred freezes are 30 kB.
SIZE_BYTES = 1_000_000
# Local times are up to 14 hours from UTC, and the library compares some of them as if they were UTC.
MARGIN = timedelta(days=2)
_DAY = timedelta(days=1)
_RARE = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
# RFC 5545, 3.6; a name with a slip in it would be passed over as a part that nobody knows.
_PARTS = frozenset(
    {"VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "STANDARD", "DAYLIGHT", "VALARM"}
)
_DATED = ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE")


def every_closure(
    freezes: Iterable[Freeze], zone: ZoneInfo, *, base: Path, start: datetime, end: datetime
) -> tuple[Closed, ...]:
    """Give the spans of all freezes; calendars, which are relative to `base`, are read from `start` to `end`."""
    listed = tuple(freezes)
    found = list(closures(listed, zone))
    for freeze in listed:
        if freeze.calendar is not None:
            found += read_calendar(base / freeze.calendar, zone, start, end)
    return tuple(sorted(found))


def read_calendar(path: Path, zone: ZoneInfo, start: datetime, end: datetime) -> tuple[Closed, ...]:
    """Give the events of an iCalendar file that touch the time from `start` to `end`.

    Times without a zone are those of the calendar's own X-WR-TIMEZONE, or else of `zone`. Cancelled events are no
    freezes; tentative ones, and ones that are shown as free, are. Raises BadInput when anything cannot be read.
    """
    text = _text(path)
    lines = _events_by_line(path, text)
    # 0.1 s that a system without a calendar need not wait for
    import recurring_ical_events  # noqa: PLC0415
    from icalendar import Calendar  # noqa: PLC0415

    try:
        calendars: list[Calendar] = Calendar.from_ical(text, multiple=True)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise _bad(path, 0, f"it cannot be read as iCalendar: {_first(error)}") from error
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    if len(events) != len(lines):
        raise _bad(path, 0, f"{len(lines)} events begin in it, and {len(events)} can be read")
    for event, line in zip(events, lines, strict=True):
        if fault := _fault(event):
            raise _bad(path, line, fault)
    _each_once(path, events, lines)
    try:
        found = [
            occurrence
            for calendar in calendars
            for occurrence in recurring_ical_events.of(calendar).between(start - MARGIN, end + MARGIN)
        ]
        spans = [_closed(each, zone) for each in found if str(each.get("STATUS", "")).upper() != "CANCELLED"]
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise _bad(path, 0, f"its events cannot be laid out: {_first(error)}") from error
    return tuple(sorted({span for span in spans if span.end > start and span.begin < end}))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as source:
            content = source.read(SIZE_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{path}: the calendar cannot be read: {error.strerror}", next_step="correct `changes.freezes`"
        ) from error
    if len(content) > SIZE_BYTES:
        raise _bad(path, 0, "it has more than 1 MB; allowed: a calendar of freezes alone, of 1 MB at the most")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(path, content[: error.start].count(b"\n") + 1, "it is not text in UTF-8") from error


def _events_by_line(path: Path, text: str) -> list[int]:
    """Give the line on which each event begins; what begins must end, which the library does not look at."""
    if not re.match(r"\s*BEGIN:VCALENDAR\s", text, re.IGNORECASE):
        raise _bad(path, 1, "it is no calendar; allowed: iCalendar, which begins with BEGIN:VCALENDAR")
    open_parts: list[tuple[str, int]] = []
    events = []
    for number, line in enumerate(re.split(r"\r?\n", text), start=1):
        word, _, name = line.strip().upper().partition(":")
        if line[:1].isspace() or word not in {"BEGIN", "END"}:
            if not open_parts and line.strip():
                raise _bad(path, number, "a line outside of the calendar")
            continue
        if name not in _PARTS and not name.startswith("X-"):
            raise _bad(path, number, f"{word}:{name[:40]} is no part of a calendar; events are VEVENT")
        if word == "BEGIN":
            open_parts.append((name, number))
            events += [number] if name == "VEVENT" else []
        elif not open_parts or open_parts.pop()[0] != name:
            raise _bad(path, number, f"END:{name[:40]} without its BEGIN")
    if open_parts:
        raise _bad(path, open_parts[-1][1], f"BEGIN:{open_parts[-1][0][:40]} is never ended; is the file cut short?")
    return events


def _fault(event: Any) -> str:
    """Say what makes an event unreadable, in the order in which its author would look."""
    if event.errors:
        name, words = event.errors[0]
        return f"the event's {name or 'line'} cannot be read: {words}"
    if any(isinstance(event.get(name), list) for name in ("DTSTART", "DTEND", "DURATION", "UID", "RECURRENCE-ID")):
        return "the event has DTSTART, DTEND, DURATION or UID twice"
    if not event.get("UID") or not event.get("DTSTART"):
        return f"the event has no {'DTSTART' if event.get('UID') else 'UID'}"
    for name in _DATED:
        for value in _listed(event.get(name)):
            if zone := _unknown_zone(value):
                return f"the zone {zone[:60]!r} of {name} is unknown; allowed: IANA names such as Asia/Kolkata"
    return _wrong_span(event) or next(filter(None, map(_wrong_rule, _listed(event.get("RRULE")))), "")


def _wrong_span(event: Any) -> str:
    start = event["DTSTART"].dt
    if "DTEND" in event and "DURATION" in event:
        return "the event has both DTEND and DURATION"
    if "DURATION" in event:
        return "" if event["DURATION"].dt > timedelta() else "the event's DURATION is not above 0"
    if "DTEND" not in event:
        # RFC 5545, 3.6.1: a whole day without an end is that one day.
        return "the event has no end: neither DTEND nor DURATION" if isinstance(start, datetime) else ""
    end = event["DTEND"].dt
    if isinstance(start, datetime) != isinstance(end, datetime):
        return "of the event's DTSTART and DTEND one is a day and the other a time"
    if isinstance(start, datetime) and (start.tzinfo is None) != (end.tzinfo is None):
        return "of the event's DTSTART and DTEND only one has a zone"
    return "" if end > start else "the event does not end after it begins; DTEND is the first day or time after it"


def _wrong_rule(rule: Any) -> str:
    """Refuse what makes millions of events, and what the library takes for something else."""
    if str(rule.get("FREQ", [""])[0]).upper() not in _RARE:
        return "the event comes more often than each day; allowed: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"
    if any(len(rule.get(name, ())) > 1 for name in ("BYHOUR", "BYMINUTE", "BYSECOND")):
        return "the event comes more than once a day"
    if any(int(value) < 1 for name in ("INTERVAL", "COUNT") for value in rule.get(name, ())):
        return "the event's INTERVAL or COUNT is below 1"
    return ""


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _unknown_zone(value: Any) -> str:
    """Give the name of a zone that the library did not know: it then takes the time for one without a zone."""
    zone = str(value.params.get("TZID", ""))
    dates = [each.dt for each in value.dts] if hasattr(value, "dts") else [value.dt]
    dates = [each[0] if isinstance(each, tuple) else each for each in dates]
    known = all(isinstance(each, datetime) and each.tzinfo is not None for each in dates)
    return "" if known else zone


def _each_once(path: Path, events: Iterable[Any], lines: Iterable[int]) -> None:
    """Refuse two events of one UID: the library shows only one of them."""
    seen: dict[tuple[str, str], int] = {}
    for event, line in zip(events, lines, strict=True):
        which = event.get("RECURRENCE-ID")
        key = (str(event["UID"]), which.to_ical().decode() if which else "")
        if key in seen:
            raise _bad(path, line, f"the event has the UID of the one on line {seen[key]}; allowed: each UID once")
        seen[key] = line


def _closed(event: Any, zone: ZoneInfo) -> Closed:
    """Turn one event into a span; a local time that comes twice begins it early and ends it late."""
    start, end = event["DTSTART"].dt, event.end
    if "DTEND" not in event and "DURATION" not in event and not isinstance(start, datetime):
        end = start + _DAY
    reason = " ".join(str(event.get("SUMMARY", "")).split())
    return Closed(_at(start, zone), _at(end, zone, last=True), reason[:200] or "an event without a name")


def _at(when: date, zone: ZoneInfo, *, last: bool = False) -> datetime:
    if not isinstance(when, datetime):
        return instant(datetime.combine(when, time()), zone, last=last)
    if when.tzinfo is None or isinstance(when.tzinfo, ZoneInfo):
        return instant(when.replace(tzinfo=None), when.tzinfo or zone, last=last)
    return when.astimezone(UTC)


def _first(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _bad(path: Path, line: int, what: str) -> BadInput:
    where = f"{path}:{line}" if line else str(path)
    return BadInput(
        f"{where}: {what}", next_step=f"correct {path}, or export it again; no freeze is passed over meanwhile"
    )
