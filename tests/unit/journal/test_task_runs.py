"""Runs of scheduled tasks in the store: an occasion is taken once, and nothing is lost with its owner."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta

import pytest

from handrail.errors import Refused
from handrail.journal import chain, head, task_runs, task_tables
from handrail.journal.store import Store
from handrail.journal.task_runs import KIND, TaskRuns
from handrail.model.level import Level
from handrail.model.occasion import Due
from tests.unit.journal.entries import filled, hands

NOW = datetime(2026, 11, 24, 9, 0, 0, 123000, tzinfo=UTC)
NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORDS = {"check": "daily 09:00 (UTC)"}


@pytest.fixture
def store(url, open_store):
    return open_store(url)


def runs_of(store, environment="prod"):
    found = TaskRuns(store, system="shop", environment=environment)
    found.see(WORDS, now=NOW)
    return found


@pytest.fixture
def runs(store):
    return runs_of(store)


def claim(runs, occasion=NINE, *, now=NOW, who="a@one", missed=0, lasts=HOUR):
    return runs.claim("check", Due(occasion, missed), who=who, now=now, until=now + lasts)


def test_a_store_of_an_earlier_version_gets_the_tables_when_they_are_needed(store, url):
    filled(store, 2)
    read = TaskRuns(store, system="shop", environment="prod")
    assert (read.newest("check"), read.history(task="", count=9), read.since(WORDS)) == ([], [], {})
    assert not store.reading(task_tables.are_there)
    runs_of(store)
    assert store.reading(task_tables.are_there)
    with hands(url) as do:
        assert do("SELECT value FROM meta WHERE name = 'version'").scalar() == "1"
    assert chain.verify(store).ok


def test_looking_makes_no_tables(runs, url, open_store):
    reader = open_store(url, writes=False)
    assert TaskRuns(reader, system="shop", environment="prod").since(WORDS) == {"check": NOW}


def test_an_occasion_is_claimed_once(runs):
    assert claim(runs).who == "a@one"
    assert claim(runs, who="b@two") is None
    # Nor is another one begun beside it.
    assert claim(runs, NINE + HOUR / 2, who="b@two") is None


def test_a_run_reads_as_it_was_written(runs, store):
    run = claim(runs, missed=3)
    done = runs.end(run, ended=NOW + HOUR / 60, level=Level.WARN, text="2 WARN: disk\0 \ud800")
    assert runs.newest("check") == [done]
    assert (done.missed, done.level, done.text) == (3, Level.WARN, "2 WARN: disk ?")
    (record,) = store.stream()
    assert (record.kind, record.run, record.outcome, record.seconds) == (KIND, run.run, "WARN", 60.0)
    assert record.content["occasion"] == "2026-11-24T09:00:00.000Z"
    assert chain.verify(store).ok


def test_what_was_run_is_not_claimed_again_and_the_next_is(runs):
    runs.end(claim(runs), ended=NOW + HOUR, level=Level.OK, text="")
    assert claim(runs, now=NOW + HOUR) is None
    # Nor an earlier one, by somebody who was slow.
    assert claim(runs, NINE - 24 * HOUR, now=NOW + HOUR) is None
    assert claim(runs, NINE + 24 * HOUR, now=NOW + 24 * HOUR)


def test_a_claim_whose_owner_died_is_taken_over_after_its_deadline(runs):
    dead = claim(runs, missed=2)
    assert claim(runs, who="b@two", now=NOW + HOUR - HOUR / 60) is None
    taken = claim(runs, who="b@two", now=NOW + HOUR)
    assert (taken.who, taken.missed) == ("b@two", 2)
    assert taken.text == "taken over: a@one began it and did not end it"
    # The dead one was only slow: what it found does not count any more.
    assert runs.end(dead, ended=NOW + HOUR, level=Level.OK, text="late") is None
    assert runs.end(taken, ended=NOW + 2 * HOUR, level=Level.OK, text="done").text == "done"
    assert [(run.who, run.text) for run in runs.newest("check")] == [("b@two", "done")]


def test_a_run_that_died_before_the_next_time_is_written_down_as_an_alert(runs, store):
    claim(runs)
    later = NOW + 24 * HOUR
    assert claim(runs, NINE + 24 * HOUR, who="b@two", now=later).text == ""
    died = runs.newest("check")[0]
    assert (died.level, died.ended) == (Level.ALERT, later)
    assert died.text == "the run that a@one began at 2026-11-24T09:00:00.123Z never ended"
    assert [record.outcome for record in store.stream()] == ["ALERT"]


def test_a_statement_that_is_overdue_is_noted_once_and_can_still_be_made(runs):
    noted = runs.miss("check", Due(NINE, 0), who="a@one", now=NOW, text="overdue")
    assert (noted.level, noted.open) == (Level.WARN, True)
    assert runs.miss("check", Due(NINE, 0), who="b@two", now=NOW, text="overdue") is None
    made = claim(runs, now=NOW + HOUR, who="c@three")
    assert (made.text, made.open) == ("", False)
    runs.end(made, ended=NOW + HOUR, level=Level.OK, text="I did", lasting=True)
    assert [(run.level, run.text, run.open) for run in runs.newest("check")] == [(Level.OK, "I did", False)]
    assert runs.miss("check", Due(NINE, 0), who="a@one", now=NOW, text="overdue") is None


def test_what_a_person_said_is_kept_as_long_as_changes_are(runs, store):
    runs.end(claim(runs), ended=NOW, level=Level.OK, text="", lasting=True)
    runs.end(claim(runs, NINE + HOUR, now=NOW + HOUR), ended=NOW + HOUR, level=Level.OK, text="")
    assert [record.retention for record in store.stream()] == ["change", "access"]


def test_environments_do_not_see_each_other(runs, store):
    other = runs_of(store, "staging")
    assert claim(runs)
    assert claim(other)
    assert len(runs.newest("check")) == len(other.history(task="", count=9)) == 1


def test_a_task_counts_from_when_it_was_first_seen_with_its_words(runs):
    runs.see(WORDS, now=NOW + HOUR)
    assert runs.since(WORDS) == {"check": NOW}
    runs.see({"check": "daily 10:00 (UTC)", "more": "daily 09:00 (UTC)"}, now=NOW + HOUR)
    assert runs.since(WORDS) == {}
    assert runs.since({"check": "daily 10:00 (UTC)"}) == {"check": NOW + HOUR}


def test_history_is_in_the_order_in_which_runs_began(runs):
    for day in range(5):
        runs.end(
            claim(runs, NINE + day * 24 * HOUR, now=NOW + day * 24 * HOUR), ended=NOW, level=Level.OK, text=str(day)
        )
    assert [run.text for run in runs.history(task="", count=3)] == ["2", "3", "4"]
    assert runs.history(task="other", count=3) == []


def take(url, key, gate, results):
    """Want every occasion of a day, as another machine does at the same time."""
    store = Store(url, signer=head.signer(key))
    gate.wait(60)  # for ever, if one of them has failed
    runs = runs_of(store)
    for hour in range(24):
        now = NOW + hour * HOUR
        run = runs.claim("check", Due(NINE + hour * HOUR, 0), who="x@y", now=now, until=now + HOUR / 2)
        if run:
            runs.end(run, ended=now, level=Level.OK, text="")
            results.put(hour)
    store.close()


def test_processes_at_the_same_time_run_every_occasion_once(url, tmp_path, open_store):
    key, forked = str(tmp_path / "keys" / "journal.key"), multiprocessing.get_context("fork")
    gate, results = forked.Barrier(4), forked.SimpleQueue()
    processes = [forked.Process(target=take, args=(url, key, gate, results)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert {process.exitcode for process in processes} == {0}
    taken = []
    while not results.empty():
        taken.append(results.get())
    assert len(taken) == len(set(taken))
    opened = open_store(url)
    assert len(runs_of(opened).history(task="check", count=99)) == len(taken)
    assert 23 in taken
    assert chain.verify(opened).ok


def test_a_store_that_is_away_for_a_while_is_waited_for(runs, store, monkeypatch):
    run, change, away = claim(runs), store.change, iter("two")

    def changed(work):
        if next(away, ""):
            raise Refused("away")
        return change(work)

    monkeypatch.setattr(store, "change", changed)
    monkeypatch.setattr(task_runs, "PAUSE_SECONDS", 0.05)
    assert runs.end(run, ended=NOW, level=Level.OK, text="fine").text == "fine"
    monkeypatch.setattr(task_runs, "PATIENCE_SECONDS", 0.2)
    away = iter("x" * 99)
    with pytest.raises(Refused, match="away"):
        runs.end(run, ended=NOW, level=Level.OK, text="fine")


def test_tables_that_somebody_altered_are_refused_in_words(runs, url):
    with hands(url) as do:
        do("ALTER TABLE schedule_runs RENAME COLUMN who TO whom")
    with pytest.raises(Refused, match="who"):
        claim(runs)
