"""A run that was taken for lost and ended after all: whoever asks is told how it ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handrail.control.past import past
from handrail.journal import chain, recorder, run_record
from handrail.journal.facts import change_runs, facts
from handrail.journal.open import writer
from handrail.journal.reviews import unreviewed

NOW = datetime.now(UTC)
CHANGE = "shop-prod-20261124-0a1b2c"
BODY = {
    "run": "aabbccddeeff", "system": "shop", "environment": "prod", "verb": "deploy", "change": CHANGE, "what": "1.4.2",
    "who": "ops", "reason": "orders are lost", "emergency": True,
    "started": (NOW - timedelta(minutes=5)).isoformat(timespec="milliseconds"),
}  # fmt: skip
END = {**BODY, "outcome": "done", "exit_code": 0, "seconds": 5.0, "text": "1.4.1 -> 1.4.2", "steps": [],
       "ended": NOW.isoformat(timespec="milliseconds")}  # fmt: skip
EVENT = {"step": "stage", "at": NOW.isoformat(timespec="milliseconds"), "outcome": "ok", "log": "", "words": "staged"}


@pytest.fixture(autouse=True)
def folder(url, tmp_path, monkeypatch):
    """A folder of its own, as the operator's, with its journal in each kind of store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_STORE", url)
    monkeypatch.delenv("HANDRAIL_JOURNAL_KEY", raising=False)
    yield
    recorder._forget()


def taken_for_lost():
    """Begin a run whose recorder is killed, so that another command in the folder takes the run for lost."""
    mine = recorder.start()
    mine.begin(BODY)
    mine.event(EVENT)
    mine.process.kill()
    mine.process.wait()
    with writer() as store:
        assert run_record.adopt(store) == [BODY["run"]]
    return mine


def ends(store):
    return [(record.outcome, record.content["text"]) for record in store.stream() if record.kind == "run"]


def test_a_run_that_was_taken_for_lost_and_has_ended_is_recorded_with_its_end():
    mine = taken_for_lost()
    with writer() as store:
        assert [run["outcome"] for run in change_runs(store, CHANGE)] == ["unknown"]
    assert mine.end(END)["seq"] == 3
    with writer() as store:
        assert ends(store) == [("unknown", run_record.LOST), ("done", "1.4.1 -> 1.4.2")]
        assert [run["outcome"] for run in change_runs(store, CHANGE)] == ["done"]
        assert facts(store, system="shop", environment="prod", verb="deploy")["durations"] == [5.0]
        (review,) = unreviewed(store, system="shop", environment="prod", with_change=True)
        assert (review["outcome"], review["exit_code"]) == ("done", 0)
        assert chain.verify(store).ok
    assert [run.outcome for run in past(NOW - timedelta(days=1), place=None).runs] == ["done"]


def test_a_run_whose_end_is_not_known_either_is_recorded_with_what_is_known():
    mine = taken_for_lost()
    mine.end({**END, "outcome": "unknown", "exit_code": 5, "text": "not known what web1 serves"})
    with writer() as store:
        assert ends(store)[-1] == ("unknown", "not known what web1 serves")


def test_an_end_that_is_known_is_recorded_once_and_nobody_takes_it_for_lost_any_more():
    mine = taken_for_lost()
    mine.end(END)
    with writer() as store:
        store.append(run_record.ended(END))
        store.append(run_record.lost(BODY, [EVENT]))
        assert [outcome for outcome, _ in ends(store)] == ["unknown", "done"]


def test_a_run_is_taken_for_lost_once():
    taken_for_lost()
    with writer() as store:
        store.append(run_record.lost(BODY, [EVENT]))
        assert [outcome for outcome, _ in ends(store)] == ["unknown"]
