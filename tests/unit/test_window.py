"""Windows open and shut as the runbook says, in local time, also when the clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from handrail.model.freeze import Closed
from handrail.model.timing import Open, Shut, decide_window, free_openings
from handrail.model.window import AHEAD, Opening, TimeZone, Window, Windows, next_openings, opening_at, openings
from handrail.model.zone import instant, shown

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BERLIN, KOLKATA = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")
NEW_YORK, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")
ZONES = [
    "UTC", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns",
    "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Apia",
]  # fmt: skip
# Clocks are changed within a day of these, or a day is the 29 February, or is skipped as a whole.
TURNS = [
    (2026, 3, 29), (2026, 10, 25), (2026, 3, 8), (2026, 11, 1), (2026, 4, 5), (2026, 10, 4), (2028, 2, 29),
    (2011, 12, 30), (2026, 2, 15), (2026, 3, 22), (2026, 9, 27),
]  # fmt: skip


def read(text: object) -> Window:
    return TypeAdapter(Window).validate_python(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(begin: str, end: str) -> Opening:
    return Opening(utc(begin), utc(end))


def refused(kind: object, value: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    (error,) = caught.value.errors()
    assert error["type"] == "unfit"
    return error["ctx"]


@pytest.mark.parametrize(
    ("text", "days", "begin", "end"),
    [
        ("Tue & Thu 22:00-02:00", (1, 3), 1320, 1560),
        ("Mon-Thu 10:00-16:00", (0, 1, 2, 3), 600, 960),
        ("Sat,Sun 00:00-24:00", (5, 6), 0, 1440),
        ("daily 01:00-03:00", (0, 1, 2, 3, 4, 5, 6), 60, 180),
        ("every day 22:00-00:00", (0, 1, 2, 3, 4, 5, 6), 1320, 1440),
        ("Sat-Mon 22:00-06:00", (0, 5, 6), 1320, 1800),
        ("tuesday and THURSDAY 22:00 - 24:00", (1, 3), 1320, 1440),
        ("Mon-Wed, Fri 09:30\u201310:30", (0, 1, 2, 4), 570, 630),
        ("Wednesday  23:59-23:58", (2,), 1439, 2878),
        ("any time", (0, 1, 2, 3, 4, 5, 6), 0, 1440),
        ("Anytime", (0, 1, 2, 3, 4, 5, 6), 0, 1440),
    ],
)
def test_a_window_is_read_as_runbooks_write_it(text, days, begin, end):
    window = read(text)
    assert (window.days, window.begin, window.end) == (days, begin, end)
    assert read(str(window)) == window


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Tue 25:00-26:00", "the time 25:00"), ("Tue 22:60-23:30", "the time 22:60"),
        ("Tue 24:00-02:00", "the time 24:00"),
        ("Tue 10:00-24:01", "the time 24:01"), ("Tue 10:00-10:00", "no time"), ("Tue 00:00-00:00", "no time"),
        ("Tus 10:00-11:00", "'tus'"), ("Tue && Thu 10:00-11:00", "no day"), ("Tue-Tue 10:00-11:00", "to itself"),
        ("Mon-Wed-Fri 10:00-11:00", "'wed-fri'"), ("Sat", "put quotes around it"),
    ],
)  # fmt: skip
def test_a_window_that_cannot_be_is_refused_and_says_what_is_wrong(text, found):
    assert found in refused(Window, text)["found"]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "Tue", "22:00-02:00", "Tue 9:00-10:00", "Tue 22-23", "Tue 22:00", "Tue 22:00-02:00 IST", 1350, True,
        None, "never", ["Tue"], "Tue 22:00-02:00\nWed 22:00-02:00", "Tue \u0662\u0662:00-23:00",
        "Tue 22:00-02:00" + " " * 200,
        "Tue -1:00-02:00", "Tue22:00-23:00",
    ],
)  # fmt: skip
def test_what_is_no_window_is_refused(text):
    refused(Window, text)


def test_the_day_that_was_probably_meant_is_suggested():
    assert refused(Window, "Thrusday 10:00-11:00")["suggestion"] == "thursday"


def test_an_empty_list_of_windows_is_refused_for_it_could_mean_never_or_always():
    assert "empty" in refused(Windows, ())["found"]


def test_windows_are_written_to_json_as_they_were_read():
    adapter = TypeAdapter(Windows)
    assert adapter.dump_python(adapter.validate_python(["Tue & Thu 22:00-02:00"]), mode="json") == [
        "Tue & Thu 22:00-02:00"
    ]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Asia/Kolkatta", "Asia/Kolkata"), ("asia/kolkata", "Asia/Kolkata"), ("Kolkata", "Asia/Kolkata"),
        ("Europe/Berln", "Europe/Berlin"), ("IST", ""), ("Mars/Olympus", ""),
    ],
)  # fmt: skip
def test_an_unknown_zone_is_refused_with_the_one_that_was_probably_meant(name, suggestion):
    assert refused(TimeZone, name)["suggestion"] == suggestion


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../UTC", "Europe", "posix/UTC", "right/Europe/Berlin", "localtime", "UTC\n", "A" * 500],
)  # fmt: skip
def test_what_is_no_zone_is_refused(name):
    refused(TimeZone, name)


def test_a_window_crosses_midnight_in_local_time():
    week = openings([read("Tue & Thu 22:00-02:00")], KOLKATA, utc("2026-11-22"), utc("2026-11-29"))
    assert week == (
        span("2026-11-24 16:30", "2026-11-24 20:30"), span("2026-11-26 16:30", "2026-11-26 20:30"),
    )  # fmt: skip


def test_a_window_of_yesterday_evening_is_still_open_after_midnight():
    assert opening_at([read("Sun 22:00-02:00")], BERLIN, utc("2026-11-23 00:30")) == span(
        "2026-11-22 21:00", "2026-11-23 01:00"
    )


def test_windows_that_touch_or_overlap_are_one_opening():
    windows = [read("Tue 22:00-24:00"), read("Wed 00:00-02:00"), read("Wed 01:00-03:00")]
    assert openings(windows, KOLKATA, utc("2026-11-22"), utc("2026-11-29")) == (
        span("2026-11-24 16:30", "2026-11-24 21:30"),
    )


def test_windows_a_minute_apart_are_two_openings():
    windows = [read("Tue 22:00-23:59"), read("Wed 00:00-02:00")]
    assert len(openings(windows, KOLKATA, utc("2026-11-22"), utc("2026-11-29"))) == 2


@pytest.mark.parametrize("windows", [(), ("any time",), ("Sat,Sun 00:00-24:00", "Mon-Fri 00:00-24:00")])
def test_any_time_is_open_without_a_gap_also_when_clocks_are_changed(windows):
    start, end = utc("2026-01-01"), utc("2027-01-01")
    for zone in map(ZoneInfo, ZONES):
        assert openings([read(each) for each in windows], zone, start, end) == (Opening(start, end),)
        assert opening_at([read(each) for each in windows], zone, start).end == start + AHEAD


@pytest.mark.parametrize(
    ("zone", "window", "day", "begin", "end"),
    [
        # forward: 02:00 becomes 03:00 at 01:00 UTC
        (BERLIN, "Sun 01:00-04:00", "2026-03-29", "2026-03-29 00:00", "2026-03-29 02:00"),
        (BERLIN, "Sun 02:30-04:00", "2026-03-29", "2026-03-29 01:00", "2026-03-29 02:00"),
        (BERLIN, "Sun 01:00-02:30", "2026-03-29", "2026-03-29 00:00", "2026-03-29 01:00"),
        # back: 03:00 becomes 02:00 at 01:00 UTC
        (BERLIN, "Sun 01:00-04:00", "2026-10-25", "2026-10-24 23:00", "2026-10-25 03:00"),
        (BERLIN, "Sun 02:30-04:00", "2026-10-25", "2026-10-25 00:30", "2026-10-25 03:00"),
        (BERLIN, "Sun 01:00-02:30", "2026-10-25", "2026-10-24 23:00", "2026-10-25 01:30"),
        (BERLIN, "Sun 02:15-02:45", "2026-10-25", "2026-10-25 00:15", "2026-10-25 01:45"),
        (BERLIN, "Sat 22:00-02:00", "2026-10-25", "2026-10-24 20:00", "2026-10-25 01:00"),
        (NEW_YORK, "Sun 02:30-04:00", "2026-03-08", "2026-03-08 07:00", "2026-03-08 08:00"),
        (NEW_YORK, "Sun 01:30-04:00", "2026-11-01", "2026-11-01 05:30", "2026-11-01 09:00"),
        (NEW_YORK, "Sat 22:00-01:30", "2026-11-01", "2026-11-01 02:00", "2026-11-01 06:30"),
        # Lord Howe changes by 30 minutes: 02:00 becomes 02:30, and 02:00 becomes 01:30
        (LORD_HOWE, "Sun 02:15-04:00", "2026-10-04", "2026-10-03 15:30", "2026-10-03 17:00"),
        (LORD_HOWE, "Sun 01:45-04:00", "2026-04-05", "2026-04-04 14:45", "2026-04-04 17:30"),
        (LORD_HOWE, "Sun 01:00-01:45", "2026-04-05", "2026-04-04 14:00", "2026-04-04 15:15"),
        (KOLKATA, "Sun 01:00-04:00", "2026-03-29", "2026-03-28 19:30", "2026-03-28 22:30"),
        (KOLKATA, "Tue 22:00-02:00", "2028-02-29", "2028-02-29 16:30", "2028-02-29 20:30"),
        (BERLIN, "Tue 00:00-24:00", "2028-02-29", "2028-02-28 23:00", "2028-02-29 23:00"),
    ],
)  # fmt: skip
def test_a_window_is_right_on_the_day_when_clocks_are_changed(zone, window, day, begin, end):
    midnight = instant(datetime.fromisoformat(day), zone)
    assert span(begin, end) in openings([read(window)], zone, midnight - DAY, midnight + 2 * DAY)


@pytest.mark.parametrize(("zone", "day"), [(BERLIN, "2026-03-29"), (LORD_HOWE, "2026-10-04")])
def test_a_window_that_lies_in_the_skipped_time_alone_does_not_open(zone, day):
    midnight = instant(datetime.fromisoformat(day), zone)
    windows = [read("Sun 02:05-02:25")]
    assert openings(windows, zone, midnight, midnight + DAY) == ()
    assert len(openings(windows, zone, midnight, midnight + 8 * DAY)) == 1


def test_a_window_of_a_day_that_a_zone_skipped_does_not_open():
    assert openings([read("Fri 10:00-12:00")], ZoneInfo("Pacific/Apia"), utc("2011-12-27"), utc("2012-01-02")) == ()


@st.composite
def windows_of_a_week(draw) -> tuple[Window, ...]:
    made = []
    for _ in range(draw(st.integers(1, 3))):
        days = " & ".join(
            draw(st.lists(st.sampled_from(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]), min_size=1, unique=True))
        )
        begin = draw(st.one_of(st.integers(0, 1439), st.integers(60, 240)))
        end = draw(st.one_of(st.integers(1, 1440), st.integers(60, 240)))
        assume(begin != end)
        made.append(read(f"{days} {begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"))
    return tuple(made)


def instants() -> st.SearchStrategy[datetime]:
    near_turns = st.builds(
        lambda day, minutes: datetime(*day, tzinfo=UTC) + minutes * MINUTE,
        st.sampled_from(TURNS), st.integers(-2 * 1440, 2 * 1440),
    )  # fmt: skip
    whenever = st.builds(lambda minutes: utc("2000-01-01") + minutes * MINUTE, st.integers(0, 37 * 365 * 1440))
    return st.one_of(near_turns, whenever)


def oracle(windows: tuple[Window, ...], zone: ZoneInfo, now: datetime) -> bool:
    """Walk the minutes from three days before to three days after with a clock on the wall, and no calculation."""
    wall = [
        (at, at.astimezone(zone).replace(tzinfo=None))
        for at in (now + number * MINUTE for number in range(-3 * 1440, 3 * 1440))
    ]

    def seen(local: datetime, *, last: bool) -> datetime:
        shows = [at for at, clock in wall if clock == local]
        return (shows[-1] if last else shows[0]) if shows else min(at for at, clock in wall if clock > local)

    today: date = now.astimezone(zone).date()
    for midnight in (datetime.combine(today + number * DAY, time()) for number in (-2, -1, 0, 1)):
        for window in windows:
            if midnight.weekday() in window.days:
                begin = seen(midnight + window.begin * MINUTE, last=False)
                if begin <= now < seen(midnight + window.end * MINUTE, last=True):
                    return True
    return False


@settings(max_examples=80, deadline=None)
@given(windows_of_a_week(), st.sampled_from(ZONES), instants())
@example((read("Sat 22:00-02:00"),), "Europe/Berlin", utc("2026-10-25 00:59"))
@example((read("Sun 01:00-02:30"),), "Europe/Berlin", utc("2026-10-25 01:29"))
@example((read("Sun 02:30-02:45"),), "Europe/Berlin", utc("2026-03-29 01:00"))
@example((read("Sun 01:45-02:00"),), "Australia/Lord_Howe", utc("2026-04-04 15:29"))
def test_whether_it_is_open_agrees_with_a_clock_on_the_wall(windows, name, now):
    zone = ZoneInfo(name)
    opening = opening_at(windows, zone, now)
    assert (opening is not None) == oracle(windows, zone, now)


@settings(max_examples=60, deadline=None)
@given(windows_of_a_week(), st.sampled_from(ZONES), instants())
def test_openings_are_sorted_apart_and_the_same_from_wherever_one_looks(windows, name, now):
    zone = ZoneInfo(name)
    found = openings(windows, zone, now, now + 20 * DAY)
    assert all(before.end < after.begin for before, after in pairwise(found))
    assert all(now <= each.begin < each.end <= now + 20 * DAY for each in found)
    half = openings(windows, zone, now + 10 * DAY, now + 20 * DAY)
    cut = [Opening(max(each.begin, now + 10 * DAY), each.end) for each in found if each.end > now + 10 * DAY]
    assert list(half) == cut
    later = next_openings(windows, zone, now, 2)
    assert [each.begin for each in later] == [each.begin for each in found if each.begin > now][:2] or len(found) < 3


def test_the_next_openings_begin_after_now_and_are_as_many_as_asked_for():
    found = next_openings([read("Tue & Thu 22:00-02:00")], KOLKATA, utc("2026-11-24 17:00"), 3)
    assert [each.begin for each in found] == [utc(f"2026-{day} 16:30") for day in ("11-26", "12-01", "12-03")]
    assert next_openings([read("any time")], KOLKATA, utc("2026-11-24"), 3) == ()


PROD = (Window.read("Tue & Thu 22:00-02:00"),)
YEAR_END = Closed(utc("2026-12-19 18:30"), utc("2027-01-03 18:30"), "year-end closing")


def decided(now: str, *closures: Closed, lasts: timedelta = HOUR, windows: tuple[Window, ...] = PROD) -> Open | Shut:
    return decide_window(windows, KOLKATA, closures, utc(now), lasts)


def test_in_a_window_with_time_enough_a_change_may_begin():
    found = decided("2026-11-24 16:30", YEAR_END)
    assert found == Open(
        utc("2026-11-24 20:30"),
        "Tue & Thu 22:00-02:00 (Asia/Kolkata), open until Wed 2026-11-25 02:00 IST = 2026-11-24 20:30 UTC",
    )


def test_outside_of_a_window_the_refusal_says_when_it_opens_in_local_and_utc_time():
    assert decided("2026-11-24 16:29") == Shut(
        "windows: the window Tue & Thu 22:00-02:00 (Asia/Kolkata) is shut;"
        " it opens Tue 2026-11-24 22:00 IST = 16:30 UTC",
        utc("2026-11-24 16:30"), "windows",
    )  # fmt: skip


def test_the_first_instant_after_a_window_is_outside_of_it():
    assert isinstance(decided("2026-11-24 20:30", lasts=timedelta()), Shut)


def test_a_change_that_ends_with_the_window_may_begin_and_one_that_takes_a_second_longer_may_not():
    assert isinstance(decided("2026-11-24 19:30"), Open)
    found = decided("2026-11-24 19:30:01")
    assert isinstance(found, Shut)
    assert (found.which, found.opens_at) == ("windows", utc("2026-11-26 16:30"))
    assert (
        "closes Wed 2026-11-25 02:00 IST = 2026-11-24 20:30 UTC, in 59m59s, and the change takes about 1h"
        in found.reason
    )


def test_windows_that_touch_count_as_one_for_a_change_that_goes_on_in_the_second():
    windows = (read("Tue 22:00-24:00"), read("Wed 00:00-02:00"))
    assert isinstance(decided("2026-11-24 18:00", windows=windows), Open)


def test_a_change_that_fits_in_no_window_is_told_so():
    found = decided("2026-11-24 16:30", lasts=5 * HOUR)
    assert isinstance(found, Shut)
    assert found.opens_at is None
    assert found.reason.endswith("nothing opens within 400 days that a change of about 5h fits in")


def test_a_freeze_shuts_a_window_and_the_next_opening_is_the_first_that_is_not_frozen():
    found = decided("2026-12-22 17:00", YEAR_END)
    assert found == Shut(
        "freezes: frozen until Mon 2027-01-04 00:00 IST = 2027-01-03 18:30 UTC: year-end closing;"
        " the next window that is not frozen opens Tue 2027-01-05 22:00 IST = 16:30 UTC",
        utc("2027-01-05 16:30"), "freezes",
    )  # fmt: skip


def test_a_refusal_before_a_freeze_passes_over_the_frozen_windows_and_says_so():
    found = decided("2026-12-18 10:00", YEAR_END)
    assert isinstance(found, Shut)
    assert (found.which, found.opens_at) == ("windows", utc("2027-01-05 16:30"))
    assert "the one on Tue 2026-12-22 22:00 IST = 16:30 UTC is frozen or too short; the next one opens" in found.reason


def test_a_freeze_that_begins_before_the_change_can_finish_refuses_it():
    freeze = Closed(utc("2026-11-24 18:00"), utc("2026-11-24 19:00"), "audit")
    assert isinstance(decided("2026-11-24 17:00", freeze), Open)
    found = decided("2026-11-24 17:01", freeze)
    assert isinstance(found, Shut)
    assert (found.which, found.opens_at) == ("freezes", utc("2026-11-24 19:00"))
    assert (
        "a freeze begins Tue 2026-11-24 23:30 IST = 18:00 UTC, in 59m, and the change takes about 1h: audit"
        in found.reason
    )


def test_a_freeze_of_any_time_ends_what_would_never_end():
    windows = (read("any time"),)
    assert decided("2026-11-24 10:00", windows=windows).until is None
    assert decided("2026-11-24 10:00", YEAR_END, windows=windows).until == YEAR_END.begin
    assert decided("2026-12-24 10:00", YEAR_END, windows=windows).opens_at == YEAR_END.end


def test_the_first_instant_of_a_freeze_is_frozen_and_its_end_is_not():
    freeze = Closed(utc("2026-11-24 18:00"), utc("2026-11-24 19:00"), "audit")
    assert isinstance(decided("2026-11-24 18:00", freeze, lasts=timedelta()), Shut)
    assert isinstance(decided("2026-11-24 18:59:59", freeze, lasts=timedelta()), Shut)
    assert isinstance(decided("2026-11-24 19:00", freeze, lasts=timedelta()), Open)


def test_freezes_that_overlap_are_all_cut_out_of_an_opening():
    parts = free_openings(
        [span("2026-01-01", "2026-01-10")],
        [Closed(utc("2026-01-02"), utc("2026-01-05"), "a"), Closed(utc("2026-01-04"), utc("2026-01-06"), "b")],
    )
    assert parts == (span("2026-01-01", "2026-01-02"), span("2026-01-06", "2026-01-10"))


@settings(max_examples=60, deadline=None)
@given(windows_of_a_week(), st.sampled_from(ZONES), instants(), st.data())
def test_what_is_promised_to_open_is_open_then_and_not_a_minute_before(windows, name, now, data):
    zone = ZoneInfo(name)
    frozen = [
        Closed(begin, begin + length * MINUTE, "audit")
        for begin, length in (
            (now + data.draw(st.integers(-3000, 30000)) * MINUTE, data.draw(st.integers(1, 5000))) for _ in range(2)
        )
    ]
    lasts = data.draw(st.integers(0, 180)) * MINUTE
    found = decide_window(windows, zone, frozen, now, lasts)
    if isinstance(found, Open):
        times = [now + step * MINUTE for step in range(int(lasts / MINUTE))]
        assert not any(each.begin <= at < each.end for at in times for each in frozen)
        assert found.until is None or found.until >= now + lasts
    elif found.opens_at:
        assert isinstance(decide_window(windows, zone, frozen, found.opens_at, lasts), Open)
        before = decide_window(windows, zone, frozen, found.opens_at - MINUTE, lasts + 2 * MINUTE)
        assert isinstance(before, Shut)


def test_an_instant_is_shown_in_local_and_utc_time_with_the_date_where_it_differs():
    assert shown(utc("2026-11-24 16:30"), KOLKATA) == "Tue 2026-11-24 22:00 IST = 16:30 UTC"
    assert shown(utc("2026-11-24 20:30"), KOLKATA) == "Wed 2026-11-25 02:00 IST = 2026-11-24 20:30 UTC"
    assert shown(utc("2026-11-24 20:30"), ZoneInfo("UTC")) == "Tue 2026-11-24 20:30 UTC"
