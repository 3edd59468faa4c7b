"""Durations are read with their unit, and written so that they read the same."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.model import duration


@pytest.mark.parametrize(
    ("written", "span"),
    [
        ("200ms", timedelta(milliseconds=200)),
        ("0s", timedelta()),
        ("30s", timedelta(seconds=30)),
        ("120s", timedelta(minutes=2)),
        ("5m", timedelta(minutes=5)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1m1ms", timedelta(minutes=1, milliseconds=1)),
    ],
)
def test_a_duration_is_read_with_its_units(written, span):
    assert duration.parse(written) == span


@pytest.mark.parametrize(
    "written",
    ["", "30", "s", "30 s", " 30s", "30s\n", "30S", "1.5s", "-1s", "30m1h", "1s1s", "1d", "٣s", "99999999h"],
)
def test_what_has_no_clear_unit_is_refused(written):
    with pytest.raises(ValueError, match="with its unit"):
        duration.parse(written)


@given(st.integers(min_value=0, max_value=10**10))
def test_what_is_written_reads_the_same(milliseconds):
    span = timedelta(milliseconds=milliseconds)
    assert duration.parse(duration.text(span)) == span


def test_a_span_below_zero_cannot_be_written():
    with pytest.raises(ValueError, match="negative"):
        duration.text(timedelta(seconds=-1))
