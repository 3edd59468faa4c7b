"""What is due: from a moment and what is known of the runs, whatever was missed, died or recorded by another clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.model.level import Level
from handrail.model.occasion import SKEW, Due, Past, due, is_overdue
from handrail.model.schedule import Task
from handrail.model.when import When, occasions

ZONE = ZoneInfo("Europe/Berlin")
DAILY = Task.model_validate({"when": "daily 09:00", "owner": "DevOps", "check": "daily"})
REVIEW = Task.model_validate({"when": "daily 09:00", "owner": "Security", "statement": "review"})
SINCE = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def nine(day):
    return datetime(2026, 11, day, 8, tzinfo=UTC)


def ran(day, **more):
    past = Past("x", nine(day), nine(day), nine(day) + HOUR, "ops@desk", ended=nine(day) + HOUR / 60, level=Level.OK)
    return replace(past, **more)


def asked(now, *past, task=DAILY, since=SINCE):
    return due(task, ZONE, past, since=since, now=now)


def test_a_task_that_is_new_is_not_due_before_its_next_time():
    assert asked(SINCE) is None
    assert asked(nine(21) - HOUR) is None
    assert asked(nine(21)) == Due(nine(21), 0)


def test_what_was_run_is_not_due_again():
    assert asked(nine(21) + HOUR, ran(21)) is None
    assert asked(nine(22), ran(21)) == Due(nine(22), 0)


def test_however_many_were_missed_one_is_due_and_tells_of_the_others():
    assert asked(nine(27) + 3 * HOUR, ran(21)) == Due(nine(27), 5)


def test_a_run_that_goes_on_is_not_joined_even_when_the_next_time_has_come():
    goes_on = ran(21, ended=None, level=None, until=nine(22) + HOUR)
    assert asked(nine(21) + HOUR, goes_on) is None
    assert asked(nine(22), goes_on) is None


def test_a_run_that_died_is_due_again_after_its_deadline():
    died = ran(21, ended=None, level=None)
    assert asked(nine(21) + HOUR - SKEW, died) is None
    assert asked(nine(21) + HOUR, died) == Due(nine(21), 0)
    # The next one stands for it; it was begun, so it was not missed.
    assert asked(nine(22), died) == Due(nine(22), 0)
    assert asked(nine(24), died) == Due(nine(24), 2)


def test_an_open_statement_stays_due_until_somebody_made_it():
    waits = ran(21, level=Level.WARN, open=True)
    assert asked(nine(21) + 9 * HOUR, waits, task=REVIEW) == Due(nine(21), 0)
    assert asked(nine(22), waits, task=REVIEW) == Due(nine(22), 0)
    assert asked(nine(22), waits, ran(22), task=REVIEW) is None


def test_what_a_record_told_of_as_missed_is_not_told_again():
    waits = ran(24, missed=3, level=Level.WARN, open=True)
    assert asked(nine(25), waits, task=REVIEW) == Due(nine(25), 0)


def test_a_clock_that_was_ahead_does_not_stop_the_schedule():
    ahead = ran(28)
    assert asked(nine(22), ran(21), ahead) == Due(nine(22), 0)


def test_other_words_count_from_when_they_were_first_seen():
    assert asked(nine(27), ran(21), since=nine(26) + HOUR) == Due(nine(27), 0)


def test_what_was_missed_for_years_is_counted_for_a_year():
    found = asked(nine(27), since=datetime(1990, 1, 1, tzinfo=UTC))
    assert found is not None
    assert 395 <= found.missed <= 400


@pytest.mark.parametrize(
    ("task", "hours", "expected"), [(REVIEW, 8, False), (REVIEW, 8.1, True), (DAILY, 0.1, False), (DAILY, 0.2, True)]
)
def test_overdue_is_what_waits_for_longer_than_its_deadline(task, hours, expected):
    assert is_overdue(task, Due(nine(21), 0), now=nine(21) + hours * HOUR) == expected
    assert not is_overdue(task, None, now=nine(21))


steps = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(["run", "die", "ignore", "hang"])), min_size=1, max_size=25
)
rules = st.sampled_from(["daily 02:30", "daily 09:00", "Mon & Thu 23:45", "Sun 02:15"])


@settings(max_examples=200, deadline=None)
@given(rules, steps, st.sampled_from(["2026-03-20", "2026-10-17", "2028-02-20"]))
def test_every_occasion_is_run_or_died_or_told_of_as_missed_exactly_once(words, polls, start):
    """Whoever looks at odd hours, and whatever becomes of the runs: the records account for every occasion."""
    task = DAILY.model_copy(update={"when": When.read(words)})
    since = now = datetime.fromisoformat(start).replace(tzinfo=UTC)
    known: dict[datetime, Past] = {}
    for hours, what in polls:
        now += hours * HOUR
        found = due(task, ZONE, known.values(), since=since, now=now)
        everything = occasions(task.when, ZONE, after=since, until=now)
        at_work = any(run.ended is None and now < run.until for run in known.values())
        over = {run.occasion for run in known.values() if run.ended}
        expected = everything[-1] if everything and everything[-1] not in over and not at_work else None
        assert (found.occasion if found else None) == expected
        if found is None or what == "ignore":
            continue
        lasts = {"run": HOUR / 10, "die": HOUR, "hang": 30 * HOUR}[what]
        ended = now if what == "run" else None
        missed = max(found.missed, known[found.occasion].missed if found.occasion in known else 0)
        known[found.occasion] = Past("x", found.occasion, now, now + lasts, "me", ended=ended, missed=missed)
        accounted = len(known) + sum(run.missed for run in known.values())
        assert accounted == len(everything)
