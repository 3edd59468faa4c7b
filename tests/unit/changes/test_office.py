"""What the office knows of a change: its folder, and the runs that the journal has."""

from __future__ import annotations

import json
import shutil
from types import SimpleNamespace

import pytest

from handrail import filing
from handrail.control import change_looks
from handrail.control.office import Office
from handrail.journal import run_record
from handrail.journal.open import writer
from handrail.journal.record import Entry, Retention
from handrail.model.changes import Changes
from handrail.model.history import state
from handrail.model.lifecycle import State
from tests.unit.changes.conftest import CHANGE, NOW

RUN = {
    "run": "bbbbbbbbbbbb", "system": "shop", "environment": "prod", "verb": "deploy", "what": "1.4.2", "who": "ops",
    "reason": "orders are lost", "change": CHANGE, "emergency": True, "started": "2026-11-24T11:56:00.000+00:00",
    "ended": "2026-11-24T11:57:00.000+00:00", "outcome": "done", "exit_code": 0, "seconds": 60,
}  # fmt: skip


@pytest.fixture
def here(desk, tmp_path, monkeypatch):
    """An office with an emergency that was approved."""
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/journal.db")
    monkeypatch.setenv("HANDRAIL_JOURNAL_KEY", str(tmp_path / "journal.key"))
    desk.put("request", "requester", minutes=-60, type="emergency")
    desk.put("approve", "cto", minutes=-50)
    environment = SimpleNamespace(name="prod", system=SimpleNamespace(name="shop"))
    changes = Changes(emergency={"approvals": {"CTO": 1}})
    office = Office(desk.folder, desk.approvers, SimpleNamespace(environment=environment), changes)
    monkeypatch.setattr(change_looks, "office", lambda _: office)
    return office


def recorded(**how):
    with writer() as store:
        store.append(run_record.ended({**RUN, **how}), at=NOW)


def due(capsys):
    capsys.readouterr()
    with pytest.raises(SystemExit):
        change_looks.list_changes(None, due=True, as_json=True)
    return [row["change"] for row in json.loads(capsys.readouterr().out)["changes"]]


def test_an_emergency_whose_run_was_never_filed_is_due_for_its_review(here, capsys):
    recorded()
    assert due(capsys) == [CHANGE]
    change = here.read(CHANGE)
    assert [(run.run, run.outcome, run.at) for run in change.runs] == [("bbbbbbbbbbbb", "done", NOW)]
    assert state(change, NOW, here.rules(change.type)) is State.VERIFIED


def test_an_emergency_whose_change_was_deleted_is_due_for_its_review(here, capsys):
    recorded()
    shutil.rmtree(here.folder / CHANGE)
    assert due(capsys) == [CHANGE]


def test_an_emergency_that_began_and_has_no_end_is_due_for_its_review(here, capsys):
    with writer() as store:
        store.append(Entry("begun", RUN, Retention.CHANGE))
    assert due(capsys) == [CHANGE]
    recorded()
    assert due(capsys) == [CHANGE]


def test_what_the_journal_says_of_a_run_goes_before_its_file(here, capsys):
    recorded(outcome="failed")
    details = {"run": RUN["run"], "outcome": "refused", "at": "2026-11-24T11:57:00Z"}
    filing.file_run(here.folder, CHANGE, details)
    assert [run.outcome for run in here.read(CHANGE).runs] == ["failed"]
    assert due(capsys) == [CHANGE]


def test_a_journal_that_is_away_stops_nobody_from_looking(here, desk, capsys):
    recorded()
    desk.run("failed", minutes=-1)
    (desk.folder.parent / "journal.db").write_text("this is no journal")
    assert [run.run for run in here.read(CHANGE).runs] == ["r1"]
    assert "runs are shown as they are filed, which proves nothing" in capsys.readouterr().err


def test_an_archive_is_read_without_a_journal(here, desk, capsys):
    recorded()
    assert Office(desk.folder, desk.approvers).read(CHANGE).runs == ()
    assert capsys.readouterr().err == ""


def test_a_run_that_the_journal_takes_for_lost_has_the_end_that_was_filed(here, desk):
    recorded(outcome="unknown", exit_code=5)
    desk.run("done", minutes=-2, run=RUN["run"])
    assert [run.outcome for run in here.read(CHANGE).runs] == ["done"]


def test_a_file_makes_no_refusal_of_a_run_that_was_lost(here, desk, capsys):
    recorded(outcome="unknown", exit_code=5)
    desk.run("refused", minutes=-2, run=RUN["run"])
    assert [run.outcome for run in here.read(CHANGE).runs] == ["unknown"]
    assert due(capsys) == [CHANGE]
