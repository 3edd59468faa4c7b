"""Every event of a calendar is a freeze, and a calendar that cannot be read wholly is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.calendars import SIZE_BYTES, every_closure, read_calendar
from handrail.errors import BadInput
from handrail.model.freeze import Closed, Freeze

if TYPE_CHECKING:
    from pathlib import Path

KOLKATA, BERLIN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")
HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//EN")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


START, END = utc("2026-11-01"), utc("2027-12-01")


def event(*lines: str, uid: str = "1", name: str = "audit") -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", f"SUMMARY:{name}", *lines, "END:VEVENT")


def calendar(folder: Path, *lines: str) -> Path:
    path = folder / "freezes.ics"
    path.write_bytes("\r\n".join([*HEAD, *lines, "END:VCALENDAR", ""]).encode())
    return path


def read(folder: Path, *lines: str, zone: ZoneInfo = KOLKATA, start: datetime = START, end: datetime = END):
    return read_calendar(calendar(folder, *lines), zone, start, end)


def spans(found: tuple[Closed, ...]) -> list[tuple[str, str]]:
    return [(f"{each.begin:%m-%d %H:%M}", f"{each.end:%m-%d %H:%M}") for each in found]


def test_an_all_day_event_is_days_of_the_systems_zone_and_its_end_is_the_day_after(tmp_path):
    found = read(tmp_path, *event("DTSTART;VALUE=DATE:20261220", "DTEND;VALUE=DATE:20270104", name="year-end closing"))
    assert found == (Closed(utc("2026-12-19 18:30"), utc("2027-01-03 18:30"), "year-end closing"),)


@pytest.mark.parametrize(
    ("lines", "span"),
    [
        (("DTSTART:20261220T180000", "DTEND:20261220T200000"), ("12-20 12:30", "12-20 14:30")),
        (("DTSTART:20261220T180000Z", "DTEND:20261220T200000Z"), ("12-20 18:00", "12-20 20:00")),
        (("DTSTART;TZID=Europe/Berlin:20261220T180000", "DURATION:PT2H"), ("12-20 17:00", "12-20 19:00")),
        (("DTSTART;TZID=W. Europe Standard Time:20261220T180000", "DURATION:PT2H"), ("12-20 17:00", "12-20 19:00")),
        (("DTSTART;VALUE=DATE:20261220",), ("12-19 18:30", "12-20 18:30")),
        (("DTSTART;VALUE=DATE:20261220", "DURATION:P2D"), ("12-19 18:30", "12-21 18:30")),
        (("DTSTART;VALUE=DATE:20261220", "TRANSP:TRANSPARENT"), ("12-19 18:30", "12-20 18:30")),
        (("DTSTART:20261220T180000Z", "DURATION:PT2H", "STATUS:TENTATIVE"), ("12-20 18:00", "12-20 20:00")),
    ],
)  # fmt: skip
def test_an_event_is_read_with_its_own_zone_or_the_systems(tmp_path, lines, span):
    assert spans(read(tmp_path, *event(*lines))) == [span]


def test_a_zone_that_the_calendar_describes_itself_is_known(tmp_path):
    described = (
        "BEGIN:VTIMEZONE", "TZID:Office", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE",
    )  # fmt: skip
    found = read(tmp_path, *described, *event("DTSTART;TZID=Office:20261220T180000", "DURATION:PT1H"))
    assert spans(found) == [("12-20 15:00", "12-20 16:00")]


def test_an_event_that_recurs_keeps_its_local_time_when_clocks_are_changed(tmp_path):
    lines = ("DTSTART;TZID=Europe/Berlin:20270327T100000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    assert spans(read(tmp_path, *event(*lines))) == [
        ("03-27 09:00", "03-27 10:00"), ("03-28 08:00", "03-28 09:00"), ("03-29 08:00", "03-29 09:00"),
    ]  # fmt: skip


def test_a_rule_with_exceptions_moved_cancelled_and_further_dates_is_laid_out(tmp_path):
    found = read(
        tmp_path,
        *event(
            "DTSTART:20261201T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=5", "EXDATE:20261202T100000Z",
            "RDATE;VALUE=PERIOD:20261210T100000Z/PT3H",
        ),
        *event("RECURRENCE-ID:20261203T100000Z", "DTSTART:20261203T140000Z", "DURATION:PT1H"),
        *event("RECURRENCE-ID:20261204T100000Z", "DTSTART:20261204T100000Z", "DURATION:PT1H", "STATUS:CANCELLED"),
    )  # fmt: skip
    assert spans(found) == [
        ("12-01 10:00", "12-01 11:00"), ("12-03 14:00", "12-03 15:00"), ("12-05 10:00", "12-05 11:00"),
        ("12-10 10:00", "12-10 13:00"),
    ]  # fmt: skip


def test_a_month_end_and_a_leap_day_recur(tmp_path):
    month_ends = event("DTSTART;VALUE=DATE:20260131", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1")
    leap_days = event("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=YEARLY", uid="2", name="leap")
    found = read(
        tmp_path, *month_ends, *leap_days, zone=ZoneInfo("UTC"), start=utc("2028-02-01"), end=utc("2028-04-01")
    )
    assert [(f"{each.begin:%m-%d}", each.reason) for each in found] == [
        ("02-29", "audit"),
        ("02-29", "leap"),
        ("03-31", "audit"),
    ]


def test_an_event_that_began_long_ago_and_goes_on_is_a_freeze(tmp_path):
    found = read(tmp_path, *event("DTSTART;VALUE=DATE:20200101", "DTEND;VALUE=DATE:20300101"))
    assert [(each.begin.year, each.end.year) for each in found] == [(2019, 2029)]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
@pytest.mark.parametrize("lines", [("DTSTART;VALUE=DATE:20261220",), ("DTSTART:20261220T000000", "DURATION:P1D")])
def test_an_event_without_a_zone_is_found_at_its_first_and_last_minute_in_any_zone(tmp_path, zone, lines):
    place = ZoneInfo(zone)
    first = datetime(2026, 12, 20, tzinfo=place).astimezone(UTC)
    last = datetime(2026, 12, 20, 23, 59, tzinfo=place).astimezone(UTC)
    for minute in (first, last):
        (closed,) = read(tmp_path, *event(*lines), zone=place, start=minute, end=minute.replace(second=1))
        assert closed.begin <= minute < closed.end


def test_events_outside_of_the_asked_time_are_left_out(tmp_path):
    lines = event("DTSTART:20261220T180000Z", "DTEND:20261220T200000Z")
    assert read(tmp_path, *lines, start=utc("2026-12-20 20:00")) == ()
    assert read(tmp_path, *lines, end=utc("2026-12-20 18:00")) == ()
    assert len(read(tmp_path, *lines, start=utc("2026-12-20 19:59"), end=utc("2026-12-20 20:00"))) == 1


def test_times_without_a_zone_are_of_the_calendars_own_zone_where_it_has_one(tmp_path):
    lines = ("X-WR-TIMEZONE:Europe/Berlin", *event("DTSTART:20261220T180000", "DURATION:PT2H"))
    assert spans(read(tmp_path, *lines)) == [("12-20 17:00", "12-20 19:00")]


def test_a_calendar_without_events_freezes_nothing(tmp_path):
    assert read(tmp_path) == ()


def test_an_event_without_a_name_is_a_freeze(tmp_path):
    (closed,) = read(tmp_path, *event("DTSTART;VALUE=DATE:20261220", name=""))
    assert closed.reason == "an event without a name"


GOOD = ("DTSTART:20261220T180000Z", "DTEND:20261220T200000Z")
RECURS = ("DTSTART:20261220T180000Z", "DURATION:PT1H")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (event("DTSTART;TZID=Mars/Olympus:20261220T180000", "DURATION:PT1H"), "'Mars/Olympus' of DTSTART is unknown"),
        (event(*GOOD, "RDATE;TZID=Mars/Olympus:20261220T180000"), "'Mars/Olympus' of RDATE is unknown"),
        (event(*GOOD, "EXDATE;TZID=Mars/Olympus:20261220T180000"), "'Mars/Olympus' of EXDATE is unknown"),
        (event("DTSTART:20261220T180000"), "no end"),
        (event("DTEND:20261220T180000"), "no DTSTART"),
        (("BEGIN:VEVENT", *GOOD, "END:VEVENT"), "no UID"),
        (event("DTSTART:20261320T180000", "DURATION:PT1H"), "DTSTART cannot be read"),
        (event("DTSTART:tomorrow", "DURATION:PT1H"), "DTSTART cannot be read"),
        (event("DTSTART:20261220T180000", "DTEND:never"), "DTEND cannot be read"),
        (event("DTSTART:20261220T180000", "DURATION:long"), "DURATION cannot be read"),
        (event("DTSTART:20261220T180000", "DURATION:-PT1H"), "DURATION is not above 0"),
        (event("DTSTART:20261220T180000", "DTEND:20261220T180000"), "does not end after it begins"),
        (event("DTSTART;VALUE=DATE:20261221", "DTEND;VALUE=DATE:20261220"), "does not end after it begins"),
        (event("DTSTART:20261220T180000", "DTEND;VALUE=DATE:20261221"), "one is a day and the other a time"),
        (event("DTSTART:20261220T180000", "DTEND:20261220T200000Z"), "only one has a zone"),
        (event(*GOOD, "DURATION:PT1H"), "both DTEND and DURATION"),
        (event(*GOOD, "DTSTART:20261221T180000Z"), "twice"),
        (event(*GOOD, "this is no line"), "cannot be read"),
        (event(*RECURS, "RRULE:FREQ=SOMETIMES"), "RRULE cannot be read"),
        (event(*RECURS, "RRULE:FREQ=DAILY;BYDAY=XX"), "RRULE cannot be read"),
        (event(*RECURS, "RRULE:FREQ=SECONDLY"), "more often than each day"),
        (event(*RECURS, "RRULE:FREQ=DAILY;BYHOUR=1,2,3"), "more than once a day"),
        (event(*RECURS, "RRULE:FREQ=DAILY;INTERVAL=0"), "below 1"),
        (event(*RECURS, "RRULE:FREQ=DAILY;COUNT=0"), "below 1"),
        (event(*RECURS, "RRULE:FREQ=DAILY", "EXDATE:sometimes"), "EXDATE cannot be read"),
        (event(*RECURS, "RDATE:2026122"), "RDATE cannot be read"),
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_read_is_refused_with_its_line(tmp_path, lines, words):
    good = event(*GOOD, uid="good")
    with pytest.raises(BadInput) as caught:
        read(tmp_path, *good, *lines)
    assert caught.value.message.startswith(f"{tmp_path}/freezes.ics:{len(HEAD) + len(good) + 1}: ")
    assert words in caught.value.message
    assert str(tmp_path / "freezes.ics") in caught.value.next_step


def test_a_second_event_with_the_same_uid_is_refused_for_only_one_would_be_kept(tmp_path):
    with pytest.raises(BadInput, match=r"freezes\.ics:10: the event has the UID of the one on line 4"):
        read(tmp_path, *event(*GOOD), *event("DTSTART;VALUE=DATE:20270101"))


def test_an_unknown_zone_of_the_whole_calendar_is_refused(tmp_path):
    with pytest.raises(BadInput, match="Mars/Olympus"):
        read(tmp_path, "X-WR-TIMEZONE:Mars/Olympus", *event(*GOOD))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ":1: it is no calendar"),
        (b"freezes: none\n", ":1: it is no calendar"),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", ":1: it is no calendar"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n", ":2: BEGIN:VEVENT is never ended"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n", ":3: END:VCALENDAR without its BEGIN"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nEND:VCALENDAR\r\n", ":3: END:VCALENDAR without its BEGIN"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nDTSTART:20260101\r\n", ":3: a line outside"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVNT\r\nEND:VEVNT\r\nEND:VCALENDAR\r\n", ":2: BEGIN:VEVNT is no part"),
        (b"BEGIN:VCALENDAR\r\nno line\r\nEND:VCALENDAR\r\n", "cannot be read as iCalendar"),
        (b"BEGIN:VCALENDAR\r\nSUMMARY:\xff\xfe\r\nEND:VCALENDAR\r\n", ":2: it is not text in UTF-8"),
        (b"BEGIN:VCALENDAR\r\nX:" + b"x" * 10_000_000, "more than 1 MB"),
    ],
)
def test_a_file_that_is_broken_or_no_calendar_is_refused(tmp_path, content, words):
    path = tmp_path / "freezes.ics"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"freezes\.ics") as caught:
        read_calendar(path, KOLKATA, START, END)
    assert words in caught.value.message
    assert caught.value.exit_code == 2


def test_a_calendar_of_exactly_one_megabyte_is_read(tmp_path):
    path = calendar(tmp_path, *event(*GOOD))
    padding = SIZE_BYTES - path.stat().st_size
    path.write_bytes(path.read_bytes() + b"\n" * padding)
    assert len(read_calendar(path, KOLKATA, START, END)) == 1
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(BadInput, match="more than 1 MB"):
        read_calendar(path, KOLKATA, START, END)


@pytest.mark.parametrize("place", ["missing.ics", "."])
def test_a_calendar_that_is_not_there_is_named(tmp_path, place):
    with pytest.raises(BadInput, match="the calendar cannot be read") as caught:
        read_calendar(tmp_path / place, KOLKATA, START, END)
    assert str(tmp_path / place) in caught.value.message


def test_a_byte_order_mark_and_bare_newlines_do_no_harm(tmp_path):
    path = calendar(tmp_path, *event(*GOOD))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n"))
    assert len(read_calendar(path, KOLKATA, START, END)) == 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_calendar_with_a_piece_cut_out_is_refused_or_has_every_event(tmp_path, data):
    content = calendar(tmp_path, *event(*GOOD), *event(*RECURS, "RRULE:FREQ=DAILY;COUNT=2", uid="2")).read_bytes()
    begin = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(begin, min(len(content), begin + 40)))
    path = tmp_path / "cut.ics"
    path.write_bytes(content[:begin] + content[end:])
    expected = path.read_bytes().count(b"BEGIN:VEVENT")
    try:
        found = read_calendar(path, KOLKATA, utc("1970-01-01"), utc("2100-01-01"))
    except BadInput:
        return
    assert expected == 0 or found


def test_dates_and_calendars_of_a_system_are_closed_together(tmp_path):
    calendar(tmp_path, *event("DTSTART;VALUE=DATE:20261220"))
    freezes = [
        Freeze.model_validate({"calendar": "freezes.ics"}),
        Freeze.model_validate({"from": "2026-12-01", "to": "2026-12-02", "reason": "stocktaking"}),
    ]
    found = every_closure(freezes, KOLKATA, base=tmp_path, start=START, end=END)
    assert [each.reason for each in found] == ["stocktaking", "audit"]
