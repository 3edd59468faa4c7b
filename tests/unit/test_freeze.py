"""Freezes are read strictly, and two that overlap are refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from handrail.model.freeze import Closed, Freeze, Freezes, closures, overlaps

KOLKATA, BERLIN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")
LIST = TypeAdapter(Freezes)


def freeze(begins: object, ends: object, reason: str = "audit") -> Freeze:
    return Freeze.model_validate({"from": begins, "to": ends, "reason": reason})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def refusal(kind: object, value: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    error = caught.value.errors()[0]
    assert error["type"] == "unfit", error
    return error["ctx"]


@pytest.mark.parametrize(
    ("begins", "ends"),
    [("2026-12-20", "2027-01-03"), (date(2026, 12, 20), date(2027, 1, 3)), (date(2026, 12, 20), "2027-01-03")],
)  # fmt: skip
def test_whole_days_are_frozen_from_the_first_midnight_to_the_one_after_the_last(begins, ends):
    assert closures([freeze(begins, ends)], KOLKATA) == (
        Closed(utc("2026-12-19 18:30"), utc("2027-01-03 18:30"), "audit"),
    )


def test_one_day_alone_is_frozen_and_a_leap_day_is_a_day():
    (closed,) = closures([freeze("2028-02-29", "2028-02-29")], KOLKATA)
    assert (closed.begin, closed.end) == (utc("2028-02-28 18:30"), utc("2028-02-29 18:30"))


@pytest.mark.parametrize("begins", ["2026-12-20 18:00", datetime(2026, 12, 20, 18)])  # noqa: DTZ001 - as YAML gives it
def test_times_are_local_and_the_end_is_the_first_minute_that_is_free(begins):
    (closed,) = closures([freeze(begins, "2026-12-21 06:00")], KOLKATA)
    assert (closed.begin, closed.end) == (utc("2026-12-20 12:30"), utc("2026-12-21 00:30"))


def test_a_time_and_a_day_can_be_mixed():
    (closed,) = closures([freeze("2026-12-20 18:00", "2026-12-20")], KOLKATA)
    assert (closed.begin, closed.end) == (utc("2026-12-20 12:30"), utc("2026-12-20 18:30"))


def test_a_time_that_comes_twice_begins_a_freeze_early_and_ends_it_late():
    (closed,) = closures([freeze("2026-10-25 02:15", "2026-10-25 02:45")], BERLIN)
    assert (closed.begin, closed.end) == (utc("2026-10-25 00:15"), utc("2026-10-25 01:45"))


@pytest.mark.parametrize(
    "at",
    [
        "", "tomorrow", "2026-13-01", "2026-02-29", "2026-12-20T18:00", "2026-12-20 24:00", "2026-12-20 18:60",
        "20261220", "2026-12-20 18:00:00", "2026-12-20 18:00Z", "0001-01-01",
        "9999-12-31", 20261220, True,
        datetime.fromisoformat("2026-12-20 18:00:05"), datetime(2026, 12, 20, 18, tzinfo=UTC), "\u0662026-12-20",
    ],
)  # fmt: skip
def test_what_is_no_day_or_local_minute_is_refused(at):
    assert "2026-12-20" in refusal(Freeze, {"from": at, "to": "2027-01-03", "reason": "audit"})["allowed"]


@pytest.mark.parametrize(("begins", "ends"), [("2027-01-03", "2026-12-20"), ("2026-12-20 18:00", "2026-12-20 18:00")])
def test_a_freeze_that_ends_before_or_when_it_begins_is_refused_with_its_dates(begins, ends):
    found = refusal(Freeze, {"from": begins, "to": ends, "reason": "year-end closing"})["found"]
    assert found == f"{begins} to {ends} (year-end closing)"


@pytest.mark.parametrize(
    ("given_parts", "found"),
    [
        ({}, "none of them"),
        ({"from": "2026-12-20", "to": "2026-12-21"}, "from and to"),
        ({"from": "2026-12-20", "reason": "audit"}, "from and reason"),
        ({"calendar": "freezes.ics", "reason": "audit"}, "reason and calendar"),
    ],
)
def test_a_freeze_has_dates_and_a_reason_or_a_calendar_alone(given_parts, found):
    assert refusal(Freeze, given_parts)["found"] == found


def test_a_freeze_with_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="until"):
        Freeze.model_validate({"from": "2026-12-20", "until": "2026-12-21", "reason": "audit"})


def test_freezes_that_overlap_are_refused_and_both_are_named():
    found = refusal(
        Freezes,
        [
            {"from": "2027-01-03", "to": "2027-01-05", "reason": "audit"},
            {"calendar": "freezes.ics"},
            {"from": "2026-12-20", "to": "2027-01-03", "reason": "year-end closing"},
        ],
    )["found"]
    assert found == "2026-12-20 to 2027-01-03 (year-end closing) overlaps 2027-01-03 to 2027-01-05 (audit)"


def test_a_short_freeze_behind_another_within_a_long_one_is_found():
    long, first, second = (
        freeze("2026-01-01", "2026-12-31"), freeze("2026-02-01", "2026-02-02"), freeze("2026-03-01", "2026-03-02"),
    )  # fmt: skip
    assert overlaps([second, first, long]) == ((long, first), (long, second))


def test_freezes_that_touch_do_not_overlap():
    days = [freeze("2026-12-20", "2026-12-21"), freeze("2026-12-22", "2026-12-23")]
    times = [freeze("2026-11-20 10:00", "2026-11-20 12:00"), freeze("2026-11-20 12:00", "2026-11-20 14:00")]
    assert overlaps([*days, *times]) == ()


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=6))
def test_overlaps_are_found_whenever_two_freezes_share_a_day(spans):
    day = date(2026, 1, 1)
    freezes = [freeze(day + timedelta(days=at), day + timedelta(days=at + more)) for at, more in spans]
    days = [number for at, more in spans for number in range(at, at + more + 1)]
    assert bool(overlaps(freezes)) == (len(days) != len(set(days)))


def test_freezes_are_written_to_json_so_that_they_read_the_same():
    read = LIST.validate_python(
        [{"from": date(2026, 12, 20), "to": "2026-12-21 06:00", "reason": "audit"}, {"calendar": "freezes.ics"}]
    )
    written = LIST.dump_python(read, mode="json", by_alias=True, exclude_none=True)
    assert written[0] == {"from": "2026-12-20", "to": "2026-12-21 06:00", "reason": "audit"}
    assert LIST.validate_python(written) == read
