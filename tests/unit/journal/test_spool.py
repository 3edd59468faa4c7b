"""Spools that somebody has damaged stop no run, and emergencies that were lost wait for their review."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from sqlalchemy import text

from handrail.errors import BadInput, Refused
from handrail.journal import chain, engine, head, run_record, spool, trouble
from handrail.journal.keeper import Keeper
from handrail.journal.record import Entry
from handrail.journal.reviews import unreviewed
from handrail.journal.store import Store
from tests.unit.journal.entries import filled

BODY = {
    "run": "abc123", "system": "shop", "environment": "prod", "verb": "deploy", "what": "1", "who": "me",
    "reason": "broken", "change": "", "emergency": True, "started": "2026-11-21T10:00:00.000+00:00",
}  # fmt: skip
EVENT = {"step": "stage", "at": "2026-11-21T10:00:07+00:00", "outcome": "ok"}
PLACE = {"system": "shop", "environment": "prod"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of its own, as the operator's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HANDRAIL_STORE", raising=False)
    monkeypatch.delenv("HANDRAIL_JOURNAL_KEY", raising=False)
    return tmp_path


@pytest.fixture
def store():
    """The journal of the folder."""
    with Store("", signer=head.signer()) as opened:
        yield opened


def spooled(*lines, name="abc123"):
    spool.FOLDER.mkdir(parents=True, exist_ok=True)
    words = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (spool.FOLDER / f"{name}.jsonl").write_text("".join(f"{word}\n" for word in words))


def names():
    return sorted(path.name for path in spool.FOLDER.iterdir())


@pytest.mark.parametrize(
    "lines",
    [[{"begin": [1]}], [{"begin": {"system": "x"}}], [{"begin": {"run": [1]}}], [{"begin": "x"}], ["[]"], ["no JSON"],
     [{"event": "x"}], [{"end": 5}], [{"what": "?"}], ["[" * 100_000]],
)  # fmt: skip
def test_a_spool_that_tells_of_no_run_is_set_aside_and_said(store, capsys, lines):
    spooled(*lines)
    Path(".handrail/spool/abc123.jsonl").rename(".handrail/spool/broken.jsonl")
    spool.make("abc123", store=store.id, body=BODY, key=store.signer.seal).close()
    assert run_record.adopt(store) == ["abc123"]
    assert names() == ["broken.jsonl.bad"]
    assert "broken.jsonl is damaged and stands aside as" in capsys.readouterr().err


@pytest.mark.parametrize("line", [{"event": "x"}, {"event": [1]}, {"end": "x"}, {"begin": [1]}, {"more": 1}])
def test_what_can_be_read_of_a_damaged_spool_is_recorded(store, capsys, line):
    spooled({"store": store.id, "begin": BODY}, {"event": EVENT}, line, {"event": EVENT})
    assert run_record.adopt(store) == ["abc123"]
    (record,) = store.stream()
    assert (record.outcome, len(record.content["steps"])) == ("unknown", 2)
    assert names() == ["abc123.jsonl.bad"]
    assert "is damaged" in capsys.readouterr().err


def test_values_of_another_kind_in_a_spool_stop_no_run(store):
    spooled({"store": store.id, "begin": {**BODY, "started": 5, "seconds": []}}, {"event": {"at": [1], "log": {}}})
    assert run_record.adopt(store) == ["abc123"]
    assert chain.verify(store).ok


def test_no_damaged_spool_takes_the_place_of_another(store):
    for _ in range(3):
        spooled({"begin": [1]})
        run_record.adopt(store)
    assert names() == ["abc123.jsonl.bad", "abc123.jsonl.bad2", "abc123.jsonl.bad3"]


@pytest.mark.parametrize("lines", [[{"begin": [1]}], [{"begin": BODY}, {"event": "x"}], [{"begin": {"run": []}}]])
def test_a_damaged_spool_does_not_refuse_a_run(store, lines):
    spooled({"store": store.id, **lines[0]}, *lines[1:])
    keeper = Keeper()
    assert keeper.do({"do": "facts", **PLACE, "verb": "deploy"})["newest_at"] is not None
    keeper.close()
    assert names() == ["abc123.jsonl.bad"]


def test_a_spool_that_waits_for_another_journal_is_said_unless_a_run_asks(store, capsys):
    spooled({"store": "another", "begin": BODY})
    assert run_record.adopt(store, quiet=True) == []
    assert capsys.readouterr().err == ""
    assert run_record.adopt(store) == []
    assert "abc123.jsonl waits for another journal: another" in capsys.readouterr().err
    assert names() == ["abc123.jsonl"]


def test_a_lost_run_ended_with_its_last_event_or_when_it_was_found(store):
    with_event = run_record.lost(BODY, [EVENT, {"at": "no time"}]).body
    assert (with_event["ended"], with_event["seconds"]) == (EVENT["at"], 7.0)
    alone = run_record.lost(BODY, []).body
    assert datetime.now(UTC) - datetime.fromisoformat(alone["ended"]) < timedelta(minutes=1)


def due(store, **options):
    return [body["run"] for body in unreviewed(store, **PLACE, **options)]


def test_an_emergency_waits_for_its_review_from_its_beginning_on(store):
    store.append(Entry("begun", BODY))
    (body,) = unreviewed(store, **PLACE)
    assert datetime.fromisoformat(body["ended"]).tzinfo
    assert (body["run"], body["outcome"], body["exit_code"]) == ("abc123", "unknown", 5)
    store.append(run_record.lost(BODY, []))
    assert due(store) == ["abc123"]
    store.append(Entry("review", {**PLACE, "run": "abc123", "text": "fine"}))
    assert due(store) == []


@pytest.mark.parametrize("ended", ["", None, "soon", "2026-11-21T10:00:00", 5])
def test_an_emergency_without_a_time_is_due_all_the_same(store, ended):
    store.append(run_record.ended({**BODY, "ended": ended, "started": ended, "outcome": "done", "exit_code": 0}))
    (body,) = unreviewed(store, **PLACE)
    assert all(datetime.fromisoformat(body[name]).tzinfo for name in ("started", "ended"))


def test_emergencies_of_a_change_are_told_when_they_are_asked_for(store):
    store.append(run_record.ended({**BODY, "change": "c1", "run": "first"}))
    assert due(store) == []
    assert due(store, with_change=True) == ["first"]
    store.append(Entry("review", {**PLACE, "change": "c1"}))
    assert due(store, with_change=True) == []
    store.append(run_record.ended({**BODY, "change": "c1", "run": "second"}))
    assert due(store, with_change=True) == ["second"]


def test_runs_that_are_no_emergencies_wait_for_nothing(store):
    filled(store, 3)
    store.append(Entry("begun", {**BODY, "emergency": False, "reason": '"emergency":true'}))
    assert due(store, with_change=True) == []


@pytest.fixture
def silent():
    """A server that lets everybody in and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def test_a_store_that_swallows_everything_is_asked_once(silent, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", f"postgresql://x@127.0.0.1:{silent}/x")
    monkeypatch.setattr(engine, "CONNECT_SECONDS", 2)
    keeper = Keeper()
    keeper.open()
    begin = time.monotonic()
    for _ in range(3):
        with pytest.raises(Refused, match="PostgreSQL does not answer"):
            _ = keeper.store
    assert time.monotonic() - begin < 0.5
    monkeypatch.setenv("HANDRAIL_STORE", "")
    monkeypatch.setattr(time, "monotonic", lambda now=time.monotonic: now() + 60)
    assert keeper.store.id
    keeper.close()


def test_connections_to_postgresql_give_up(postgresql):
    made = engine.engine_of(engine.url_of(postgresql), writes=True)
    with made.connect() as connection:
        given = connection.execute(text("SELECT current_setting('statement_timeout')")).scalar()
        parameters = connection.connection.dbapi_connection.info.get_parameters()
    made.dispose()
    assert given == "2min"
    assert parameters["tcp_user_timeout"] == "8000"


def test_more_time_for_a_statement_is_set_by_the_url(postgresql):
    made = engine.engine_of(engine.url_of(f"{postgresql}%20-cstatement_timeout%3D7min"), writes=True)
    with made.connect() as connection:
        assert connection.execute(text("SELECT current_setting('statement_timeout')")).scalar() == "7min"
    made.dispose()


@pytest.mark.parametrize("path", ["x" * 300, "/".join(["x" * 200] * 30), "é" * 128])
@pytest.mark.parametrize("writes", [True, False])
def test_a_path_that_is_too_long_is_said(path, writes):
    with pytest.raises(BadInput, match="path is too long"):
        Store(f"sqlite:///{path}", signer=None, writes=writes)
    assert list(Path().iterdir()) == []


def test_a_password_at_the_end_of_a_long_message_is_masked_before_it_is_cut():
    url = engine.url_of("postgresql://ops:very-secret-word@h/d?options=other-secret&options=third-secret")
    for gap in range(40):
        said = trouble.without("x" * (trouble.LETTERS - gap) + "very-secret-word other-secret third-secret", url)
        assert len(said) <= trouble.LETTERS
        assert not any(word in said for word in ("very", "other", "third"))


def lock(monkeypatch, between):
    """Have something happen between the making of a new spool and its lock, once."""
    take, left = fcntl.flock, [between]

    def flock(descriptor, how):
        if left:
            left.pop()()
        take(descriptor, how)

    monkeypatch.setattr("fcntl.flock", flock)


def test_a_new_spool_that_another_run_takes_for_a_lost_one_is_made_once_more(monkeypatch):
    lock(monkeypatch, lambda: list(spool.lost()))
    made = spool.make("abc123", store="x", body=BODY)
    assert spool.told(made).body == BODY
    assert names() == ["abc123.jsonl"]
    assert list(spool.lost()) == []


def test_a_new_spool_that_another_run_still_looks_at_is_waited_for(monkeypatch):
    def look():
        (partial,) = spool.FOLDER.glob(".*")
        looking = subprocess.Popen(
            ["flock", "--no-fork", partial, "sh", "-c", "echo; sleep 0.3"], stdout=subprocess.PIPE
        )
        looking.stdout.read(1)

    lock(monkeypatch, look)
    assert spool.told(spool.make("abc123", store="x", body=BODY)).body == BODY


def test_a_new_spool_that_somebody_never_lets_go_is_no_record(monkeypatch):
    monkeypatch.setattr("handrail.journal.spool.NEW_SECONDS", 0)
    monkeypatch.setattr("fcntl.flock", Mock(side_effect=BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))))
    with pytest.raises(Refused, match="Resource temporarily unavailable; no change is made without a record"):
        spool.make("abc123", store="x", body=BODY)
    assert names() == []
