"""When a task is due: as runbooks write it, on every day that calendars and clocks have, and on those they have not."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from handrail.model.when import Cadence, When, following, occasions

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def local(when, zone, first, last):
    """Give the occasions from one local time to another, as the clock shows them."""
    found = occasions(When.read(when), zone, after=at(first, zone) - MINUTE, until=at(last, zone))
    return [f"{each.astimezone(zone):%m-%d %H:%M %Z}" for each in found]


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        ("daily 09:00", "11-01 11-02 11-03"),
        ("daily 9:00", "11-01 11-02 11-03"),
        ("daily 9:00 AM", "11-01 11-02 11-03"),
        ("Every Day 09:00 am", "11-01 11-02 11-03"),
        ("Mon 09:00", "11-02 11-09 11-16 11-23 11-30"),
        ("weekly Wed 09:00", "11-04 11-11 11-18 11-25 12-02"),
        ("Mon-Fri 09:00", "11-02 11-03 11-04 11-05 11-06 11-09"),
        ("Tuesday & Thu 09:00", "11-03 11-05 11-10"),
        ("Sat - Mon 09:00", "11-01 11-02 11-07"),
        ("monthly 1st Mon 09:00", "11-02 12-07"),
        ("monthly 2nd week 09:00", "11-09 12-14"),
        ("monthly 5th Mon 09:00", "11-30"),
        ("monthly 5th Thu 09:00", "12-31"),
        ("monthly last Fri 09:00", "11-27 12-25"),
        ("monthly last week 09:00", "11-30 12-28"),
        ("monthly day 15 09:00", "11-15 12-15"),
        ("monthly last day 09:00", "11-30 12-31"),
        ("quarterly 1st Tue 09:00", "01-05 04-06"),
        ("half-yearly 3rd Wed 09:00", "01-20 07-21"),
        ("yearly day 1 09:00", "01-01 01-01"),
        ("yearly last day 09:00", "01-31 01-31"),
    ],
)  # fmt: skip
def test_it_is_read_as_runbooks_write_it(written, dates):
    expected = dates.split()
    last = "2028-12-31T00:00" if written.startswith(("half", "quar", "year")) else "2026-12-31T23:00"
    found = local(written, UTC, "2026-11-01T00:00", last)
    assert [each.removesuffix(" 09:00 UTC") for each in found[: len(expected)]] == expected


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("daily 00:00", 0),
        ("daily 12:00 AM", 0),
        ("daily 12:30 pm", 750),
        ("daily 11:59PM", 1439),
        ("daily 23:59", 1439),
    ],
)
def test_both_clocks_are_known(written, minutes):
    assert When.read(written).minutes == minutes


@pytest.mark.parametrize(
    ("written", "words", "suggestion"),
    [
        ("daily", "'daily', which ends with no time", ""),
        ("dayly 09:00", "'dayly'", "daily"),
        ("mothly 1st Mon 10:00", "'mothly 1st mon'", "monthly"),
        ("quaterly 1st Mon 10:00", "'quaterly 1st mon'", "quarterly"),
        ("Mno 10:00", "the day 'mno'", "mon"),
        ("weekly 09:00", "no day", ""),
        ("09:00", "no day", ""),
        ("daily 24:00", "the time 24:00", ""),
        ("daily 09:60", "the time 09:60", ""),
        ("daily 13:00 PM", "the time 13:00 pm", ""),
        ("daily 0:30 AM", "the time 0:30 am", ""),
        ("daily Mon 09:00", "'daily mon'", ""),
        ("monthly 09:00", "no day", ""),
        ("monthly Mon 09:00", "'mon'", ""),
        ("monthly 6th Mon 09:00", "'6th mon'", ""),
        ("monthly 2nd Mno 09:00", "the day 'mno'", "mon"),
        ("monthly day 31 09:00", "day 31", ""),
        ("monthly day 0 09:00", "day 0", ""),
        ("monthly 2nd 09:00", "'2nd'", ""),
        ("quarterly 5th Mon 09:00", "5th", ""),
        ("0 9 * * 1", "'0 9 * * 1', which ends with no time", ""),
        ("daily 09:00 UTC", "", ""),
        ("", "", ""),
        (900, "", ""),
        (None, "", ""),
        ("daily 09:00\n", "", ""),
        ("x" * 300, "", ""),
    ],
)
def test_what_is_no_time_is_refused_and_says_what_may_stand_there(written, words, suggestion):
    with pytest.raises(PydanticCustomError) as caught:
        When.read(written)
    assert caught.value.context["found"] == words
    assert caught.value.context["suggestion"] == suggestion
    assert caught.value.context["allowed"]


def test_a_time_that_is_skipped_is_due_at_the_first_moment_after():
    found = local("daily 02:30", BERLIN, "2026-03-28T00:00", "2026-03-30T12:00")
    assert found == ["03-28 02:30 CET", "03-29 03:00 CEST", "03-30 02:30 CEST"]


def test_a_time_that_comes_twice_is_due_once():
    found = local("daily 02:30", BERLIN, "2026-10-24T00:00", "2026-10-26T12:00")
    assert found == ["10-24 02:30 CEST", "10-25 02:30 CEST", "10-26 02:30 CET"]


def test_midnight_that_is_skipped_is_due_when_the_day_begins():
    # Brazil, until 2018: the day began at 01:00.
    zone = ZoneInfo("America/Sao_Paulo")
    assert local("daily 00:00", zone, "2018-11-03T12:00", "2018-11-05T00:00") == ["11-04 01:00 -02", "11-05 00:00 -02"]


def test_a_day_that_is_skipped_is_due_when_the_next_one_begins_and_not_twice():
    # Samoa had no 30 December 2011.
    zone = ZoneInfo("Pacific/Apia")
    assert local("daily 00:00", zone, "2011-12-29T00:00", "2012-01-01T00:00") == [
        "12-29 00:00 -10", "12-31 00:00 +14", "01-01 00:00 +14"
    ]  # fmt: skip
    assert local("daily 09:00", zone, "2011-12-29T00:00", "2011-12-31T10:00") == [
        "12-29 09:00 -10", "12-31 00:00 +14", "12-31 09:00 +14"
    ]  # fmt: skip


def test_the_last_day_of_february_is_that_of_the_year():
    assert local("monthly last day 09:00", UTC, "2027-02-01T00:00", "2027-03-01T00:00") == ["02-28 09:00 UTC"]
    assert local("monthly last day 09:00", UTC, "2028-02-01T00:00", "2028-03-01T00:00") == ["02-29 09:00 UTC"]
    assert local("daily 09:00", UTC, "2028-02-28T00:00", "2028-03-01T10:00") == [
        "02-28 09:00 UTC", "02-29 09:00 UTC", "03-01 09:00 UTC"
    ]  # fmt: skip


def test_the_first_instant_is_not_in_a_span_and_the_last_one_is():
    when, nine = When.read("daily 09:00"), at("2026-11-24T09:00")
    assert occasions(when, ZoneInfo("UTC"), after=nine, until=nine + DAY) == (nine + DAY,)
    assert occasions(when, ZoneInfo("UTC"), after=nine - MINUTE, until=nine) == (nine,)
    assert following(when, ZoneInfo("UTC"), after=nine) == nine + DAY


def test_a_fifth_week_is_in_the_months_that_have_one():
    assert local("monthly 5th Tue 09:00", UTC, "2028-01-01T00:00", "2028-08-31T00:00") == [
        "02-29 09:00 UTC", "05-30 09:00 UTC", "08-29 09:00 UTC"
    ]  # fmt: skip


ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Asia/Beirut",
    "America/Sao_Paulo", "Africa/Cairo", "America/St_Johns", "Antarctica/Troll", "Africa/Casablanca", "Pacific/Chatham",
]  # fmt: skip
CHANGES = [
    "2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2011-12-30", "2018-11-04",
    "2018-02-18", "2023-04-28", "2023-10-26", "2028-02-29", "2026-12-31", "2023-03-19", "2023-04-23",
]  # fmt: skip
NAMES = [*calendar.day_abbr]
times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 0, 15, 30, 59]))
days = st.one_of(
    st.just("daily"),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(" & ".join),
    st.builds("{} {} {}".format, st.sampled_from(["monthly", "quarterly", "half-yearly", "yearly"]),
              st.sampled_from(["1st", "2nd", "3rd", "4th", "last"]), st.sampled_from([*NAMES, "week"])),
    st.builds("monthly 5th {}".format, st.sampled_from(NAMES)),
    st.builds("monthly {}".format, st.one_of(st.just("last day"), st.integers(1, 28).map("day {}".format))),
)  # fmt: skip


def is_on(written, day):
    """Tell by the pages of a calendar whether something falls on a day."""
    cadence, *rest = written.split()
    if cadence == "daily":
        return True
    every = {"monthly": 1, "quarterly": 3, "half-yearly": 6, "yearly": 12}.get(cadence)
    if every is None:
        return NAMES[day.weekday()] in written
    if day.month not in range(1, 13, every):
        return False
    page = calendar.monthcalendar(day.year, day.month)
    if rest[0] == "day":
        return day.day == int(rest[1])
    if rest == ["last", "day"]:
        return day.day == max(page[-1])
    column = 0 if rest[1] == "week" else NAMES.index(rest[1])
    dates = [week[column] for week in page if week[column]]
    number = -1 if rest[0] == "last" else int(rest[0][0]) - 1
    return day.day == (dates[number] if number < len(dates) else 0)


def first_shown(day, written, zone):
    """Walk the minutes until the clock on the wall shows a time of a day, or a later one."""
    wanted = datetime.combine(day, time.fromisoformat(written))
    now = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=16)
    while now.astimezone(zone).replace(tzinfo=None) < wanted:
        now += MINUTE
    return now


@settings(max_examples=150, deadline=None)
@given(
    st.tuples(days, times), st.sampled_from(ZONES).map(ZoneInfo),
    st.sampled_from(CHANGES).map(date.fromisoformat) | st.dates(date(1990, 1, 1), date(2060, 1, 1)),
    st.integers(-40, 3), st.integers(1, 6),
)  # fmt: skip
def test_occasions_are_those_that_a_walk_through_calendar_and_clock_finds(words, zone, day, before, length):
    written, hour = words
    when = When.read(f"{written} {hour}")
    if when.cadence in {Cadence.DAILY, Cadence.WEEKLY}:
        before = max(before, -3)
    else:
        length *= 10
    first = day + before * DAY
    dates = [first + number * DAY for number in range(length)]
    after = datetime.combine(first, time(), tzinfo=UTC) + timedelta(hours=14)
    until = datetime.combine(dates[-1], time(), tzinfo=UTC) - timedelta(hours=14)
    expected = {first_shown(each, hour, zone) for each in dates if is_on(written, each)}
    expected = sorted(each for each in expected if after < each <= until)
    assert [*occasions(when, zone, after=after, until=until)] == expected
    if expected:
        assert following(when, zone, after=after) == expected[0]
