"""`fab metrics` on a journal in SQLite: which records it reads, and what it makes of them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.control.journal import document_body
from handrail.control.metrics import show_metrics
from handrail.control.office import Office
from handrail.control.past import past
from handrail.errors import BadInput
from handrail.journal.record import Entry
from handrail.journal.store import Store
from handrail.journal.tables import RECORDS
from handrail.model import moment
from handrail.model.approvers import Approvers
from handrail.model.canonical import canonical
from handrail.model.signed import Document, name_of
from tests.unit.changes.conftest import FIELDS
from tests.unit.test_metrics import DAY, HOUR, NOW, SINCE, body

C2, C3, C4 = (f"sanvi-prod-20261101-00000{number}" for number in (2, 3, 4))


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/journal.db")
    monkeypatch.delenv("HANDRAIL_INVENTORY", raising=False)
    store = Store(f"sqlite:///{tmp_path}/journal.db")
    yield store
    store.close()


def add(store, *bodies):
    for each in bodies:
        store.append(Entry("run", each), at=datetime.fromisoformat(each["ended"]))


def payload(change, ago, kind="request"):
    return {"kind": kind, "change": change, "at": moment.written(NOW - ago), **FIELDS[kind]}


def request(store, change, ago):
    """Record a request as filing it does; it was signed so long ago, and came by chat an hour ago."""
    said = payload(change, ago)
    body = document_body(Office(Path(), Approvers({}, ())), Document(name_of(said), said))
    store.append(Entry("request", body), at=NOW - HOUR)


def filed(folder, change, ago, kind="request"):
    said = payload(change, ago, kind)
    file = folder / change / name_of(said)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(canonical(said) + "\n-----BEGIN SSH SIGNATURE\n")
    return file


def test_runs_are_read_and_nothing_else(journal):
    add(journal, body(run="a", ago=DAY), body(run="b"))
    journal.append(Entry("begun", body(run="c")), at=NOW)
    journal.append(Entry("refused", body(run="d", outcome="refused")), at=NOW)
    assert [run.run for run in past(SINCE, place=None).runs] == ["a", "b"]


def test_runs_before_the_period_are_not_read_and_tell_when_the_system_began(journal):
    add(journal, body(run="old", ago=200 * DAY), body(run="new", ago=DAY), body(system="vendhub", run="v", ago=HOUR))
    seen = past(SINCE, place=None)
    assert [run.run for run in seen.runs] == ["new", "v"]
    assert seen.begins == {("sanvi", "prod"): NOW - 200 * DAY, ("vendhub", "prod"): NOW - HOUR}


def test_only_the_system_and_environment_of_the_inventory_are_read(journal):
    add(journal, body(run="a"), body(run="b", system="vendhub"), body(run="c", environment="staging"))
    seen = past(SINCE, place=("sanvi", "prod"))
    assert [run.run for run in seen.runs] == ["a"]
    assert list(seen.begins) == [("sanvi", "prod")]


def test_a_request_counts_from_when_it_was_signed_and_the_first_one_counts(journal):
    for change, ago in (("c1", 3 * DAY), ("c1", 2 * DAY), ("other", DAY)):
        request(journal, change, ago)
    add(journal, body(change="c1"))
    assert past(SINCE, place=None).requested == {"c1": NOW - 3 * DAY}


def test_the_earliest_of_the_journal_and_the_folder_counts(journal, tmp_path):
    for change, recorded, lies in ((C2, 3 * DAY, 9 * DAY), (C3, 9 * DAY, 3 * DAY)):
        request(journal, change, recorded)
        filed(tmp_path, change, lies)
    add(journal, body(run="2", change=C2), body(run="3", change=C3))
    assert past(SINCE, place=None, folder=tmp_path).requested == {C2: NOW - 9 * DAY, C3: NOW - 9 * DAY}


def test_a_request_that_is_not_in_the_journal_is_read_where_changes_are_filed(journal, tmp_path):
    changes = tmp_path / "changes"
    add(journal, *(body(run=change, change=change) for change in (C2, f"../{C3}", ".", "c1", C4)))
    for change in (C2, "c1", f"../{C3}"):
        filed(changes, change, 9 * DAY)
    filed(changes, C4, 9 * DAY, "assess")
    assert past(SINCE, place=None, folder=changes).requested == {C2: NOW - 9 * DAY}


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[]\n", b'{"at": 7}\n', b"[" * 50_000, b"[" * 2_000_000])
def test_a_request_that_cannot_be_read_gives_no_lead_time(journal, tmp_path, text):
    add(journal, body(change=C2))
    filed(tmp_path, C2, DAY).write_bytes(text)
    assert past(SINCE, place=None, folder=tmp_path).requested == {}


def test_no_link_is_followed_and_no_pipe_waited_for(journal, tmp_path):
    add(journal, *(body(run=change, change=change) for change in (C2, C3, C4)))
    filed(tmp_path, C2, DAY).rename(tmp_path / "elsewhere")
    (tmp_path / C2 / name_of(payload(C2, DAY))).symlink_to(tmp_path / "elsewhere")
    filed(tmp_path / "others", C3, DAY)
    (tmp_path / C3).symlink_to(tmp_path / "others" / C3)
    (pipe := filed(tmp_path, C4, DAY)).unlink()
    os.mkfifo(pipe)
    assert past(SINCE, place=None, folder=tmp_path).requested == {}


def test_a_pruned_record_is_counted_as_left_out(journal):
    add(journal, body(run="a"), body(run="b"))
    journal.change(
        lambda connection: connection.execute(RECORDS.update().where(RECORDS.c.run == "a").values(body=None))
    )
    seen = past(SINCE, place=None)
    assert ([run.run for run in seen.runs], seen.unreadable) == (["b"], 1)


def test_without_a_journal_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(BadInput, match="no journal"):
        past(SINCE, place=None)


def ended(capsys, **options):
    with pytest.raises(SystemExit) as caught:
        show_metrics(None, **{"since": "90d", "plot": "", "as_json": False} | options)
    return caught.value.code, capsys.readouterr().out


def recent(**more):
    now = datetime.now(UTC)
    times = {"started": (now - timedelta(minutes=2)).isoformat(), "ended": (now - timedelta(minutes=1)).isoformat()}
    return body() | times | more


def test_an_empty_journal_has_no_runs_yet(journal, capsys, tmp_path):
    code, text = ended(capsys, plot=str(tmp_path / "m.svg"))
    assert code == 0
    assert text.startswith("no runs yet")
    assert not (tmp_path / "m.svg").exists()


def test_the_metrics_of_a_journal_are_shown_and_plotted(journal, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    add(journal, recent())
    code, text = ended(capsys, plot=str(tmp_path / "m.svg"))
    assert code == 0
    assert "1.0 a week" in text
    assert (tmp_path / "m.svg").exists()


def test_machines_get_one_object_also_when_a_picture_is_drawn(journal, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    add(journal, recent())
    code, text = ended(capsys, plot=str(tmp_path / "m.png"), as_json=True)
    assert (code, json.loads(text)["metrics"][0]["done"]) == (0, 1)


def test_the_inventory_says_which_system_is_meant(journal, capsys, monkeypatch):
    add(journal, recent(run="a"), recent(run="b", system="vendhub"))
    monkeypatch.setenv("HANDRAIL_INVENTORY", "inventories/prod.py")
    _, text = ended(capsys, as_json=True)
    assert [each["system"] for each in json.loads(text)["metrics"]] == ["sanvi"]


def test_bad_options_end_with_2_before_the_journal_is_opened(capsys, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", "sqlite:////nowhere/journal.db")
    assert ended(capsys, since="soon")[0] == 2
    assert ended(capsys, plot="m.pdf")[0] == 2
