"""`fab metrics` on a journal in SQLite: which records it reads, and what it makes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from handrail.control.metrics import show_metrics
from handrail.control.past import past
from handrail.errors import BadInput
from handrail.journal.record import Entry
from handrail.journal.store import Store
from handrail.journal.tables import RECORDS
from tests.unit.test_metrics import DAY, HOUR, NOW, SINCE, body


@pytest.fixture
def journal(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/journal.db")
    monkeypatch.delenv("HANDRAIL_INVENTORY", raising=False)
    store = Store(f"sqlite:///{tmp_path}/journal.db")
    yield store
    store.close()


def add(store, *bodies, kind="run", **more):
    for each in bodies:
        at = datetime.fromisoformat(each.get("ended") or each["at"])
        store.append(Entry(kind, each | more), at=at)


def request(change, ago):
    return {
        "kind": "request",
        "change": change,
        "at": (NOW - ago).isoformat(),
        "system": "sanvi",
        "environment": "prod",
    }


def filed(folder, change, ago, name="request-0123456789ab.signed"):
    file = folder / change / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        json.dumps({"kind": "request", "at": f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}"}) + "\n-----BEGIN SSH SIGNATURE\n"
    )


def test_runs_are_read_and_nothing_else(journal):
    add(journal, body(run="a", ago=DAY), body(run="b"))
    add(journal, body(run="c"), kind="begun")
    add(journal, body(run="d", outcome="refused"), kind="refused")
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


def test_a_request_is_found_in_the_journal_and_the_first_one_counts(journal):
    add(journal, request("c1", 3 * DAY), request("c1", 2 * DAY), request("other", DAY), kind="request")
    add(journal, body(change="c1"))
    assert past(SINCE, place=None).requested == {"c1": NOW - 3 * DAY}


def test_a_request_that_is_not_in_the_journal_is_read_where_changes_are_filed(journal, tmp_path):
    add(journal, request("c1", 3 * DAY), kind="request")
    add(journal, *(body(run=change, change=change) for change in ("c1", "c2", "../c3", ".", "c4")))
    for change in ("c1", "c2", "c3", "changes"):
        filed(tmp_path / "changes", change, 9 * DAY)
    filed(tmp_path / "changes", "c4", 9 * DAY, name="approve-0123456789ab.signed")
    seen = past(SINCE, place=None, folder=tmp_path / "changes")
    assert seen.requested == {"c1": NOW - 3 * DAY, "c2": NOW - 9 * DAY}


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[]\n", b'{"at": 7}\n', b"[" * 2_000_000])
def test_a_request_that_cannot_be_read_gives_no_lead_time(journal, tmp_path, text):
    add(journal, body(change="c1"))
    filed(tmp_path, "c1", DAY)
    next((tmp_path / "c1").iterdir()).write_bytes(text)
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
