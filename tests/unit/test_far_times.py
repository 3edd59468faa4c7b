"""Times at the ends of the calendar, and a descriptor that is none, are bad input and no surprise."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from handrail.control import changes
from handrail.errors import BadInput
from handrail.model.changes import Changes
from handrail.orchestration import report

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "text"), [("America/New_York", "9999-12-31 23:59"), ("Asia/Kolkata", "0001-01-01 00:00"), ("UTC", "x")]
)
def test_a_time_that_is_none_in_utc_is_refused(zone, text):
    with pytest.raises(BadInput, match="--at"):
        changes._moment(text, Changes(time_zone=zone), NOW)


def test_the_last_minute_of_all_is_one_in_utc():
    assert changes._moment("9999-12-31 23:59", Changes(time_zone="UTC"), NOW) == "9999-12-31T23:59:00Z"


@pytest.mark.parametrize("valid", ["99999999h", "99999999999999999h"])
def test_a_statement_that_is_good_beyond_the_calendar_is_refused(valid):
    with pytest.raises(BadInput, match="--valid"):
        changes._until(NOW, valid)


@pytest.mark.parametrize("said", ["abc", "", "9999", "-1", "9" * 30])
def test_who_shows_the_progress_must_be_there(said, monkeypatch):
    monkeypatch.setenv(report.DESCRIPTOR, said)
    with pytest.raises(BadInput, match=report.DESCRIPTOR) as wrong:
        report.listened()
    report.refused(wrong.value)


def test_who_is_there_is_told(monkeypatch):
    reading, writing = os.pipe()
    monkeypatch.setenv(report.DESCRIPTOR, str(writing))
    report.listened()
    report.refused(BadInput("which release?", next_step="say"))
    assert b"which release?" in os.read(reading, 1000)
    os.close(reading)
    os.close(writing)
    monkeypatch.delenv(report.DESCRIPTOR)
    report.listened()
