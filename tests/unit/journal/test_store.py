"""The store: no gap and no fork, whoever writes at the same time or is killed; clear words when it cannot be used."""

from __future__ import annotations

import multiprocessing
import secrets
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from handrail.errors import BadInput, Refused
from handrail.journal import chain, engine, head, store, tables
from handrail.journal.record import BODY_BYTES, Entry, clean
from tests.unit.journal.entries import entry, filled, hands

WRITER = """
import sys
from handrail.journal import head
from handrail.journal.record import Entry
from handrail.journal.store import Store
url, key, name, count = sys.argv[1:]
store = Store(url, signer=head.signer(key))
print("ready", flush=True)
for number in range(int(count)):
    store.append(Entry("run", {"run": f"{name}-{number}", "steps": ["x" * 1000]}))
    print(number, flush=True)
"""


def writer(url, key, name, count):
    argv = [sys.executable, "-c", WRITER, url, str(key), name, str(count)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def write_many(url, key, name):
    mine = store.Store(url, signer=head.signer(key))
    for number in range(200):
        mine.append(Entry("run", {"run": f"{name}-{number}", "steps": ["x" * 1000]}))
    mine.close()


def test_writers_at_the_same_time_make_no_gap_and_no_fork(url, tmp_path, open_store):
    # Forked, so that they begin at once instead of importing; the journal is made by whoever is first.
    key, forked = str(tmp_path / "keys" / "journal.key"), multiprocessing.get_context("fork")
    processes = [forked.Process(target=write_many, args=(url, key, f"w{number}")) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert {process.exitcode for process in processes} == {0}
    opened = open_store(url)
    assert [record.seq for record in opened.stream()] == list(range(1, 1601))
    assert len({record.run for record in opened.stream()}) == 1600
    assert chain.verify(opened).ok


def test_a_killed_writer_leaves_what_it_was_told_is_written_and_nothing_by_halves(url, tmp_path, open_store):
    told = 0
    for number in range(4):
        process = writer(url, tmp_path / "keys" / "journal.key", f"w{number}", 100_000)
        process.stdout.readline()
        time.sleep(0.02 + secrets.randbelow(100) / 1000)
        process.send_signal(signal.SIGKILL)
        told += len([line for line in process.communicate()[0].splitlines() if line])
    opened = open_store(url)
    # One more may be there: written, and killed before it could say so.
    assert told <= len(list(opened.stream())) <= told + 4
    assert chain.verify(opened).ok


def test_a_record_reads_as_it_was_written(url, open_store):
    opened = open_store(url)
    at = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
    given = opened.append(entry(7, change="shop-prod-1", who="ops@desk"), at=at)
    (record,) = opened.stream()
    assert (record.seq, record.at, record.run, record.change) == (1, "2026-11-24T16:30:00.000Z", "r7", "shop-prod-1")
    assert record.content["who"] == "ops@desk"
    assert (given["seq"], given["hash"], given["store"]) == (1, record.hash, opened.id)
    assert head.verified(given)


def test_a_run_is_recorded_once(url, open_store):
    opened = open_store(url)
    one = Entry("run", {"run": "a"}, once=True)
    assert opened.append(one)["seq"] == opened.append(one)["seq"] == 1


TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)
WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def opened(url, open_store):
    return open_store(url)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.fixed_dictionaries({}, optional=dict.fromkeys(("run", "system", "seconds", "outcome", "x"), WILD)))
def test_wild_text_is_recorded_and_verified(opened, body):
    seq = opened.append(Entry("run", body))["seq"]
    (record,) = opened.stream(since=seq)
    assert record.computed() == record.hash
    assert set(record.content) == set(map(clean, body))
    assert chain.verify(opened).ok


def test_a_body_that_is_too_large_is_refused(sqlite, open_store):
    with pytest.raises(Refused, match="allowed: 8000000"):
        open_store(sqlite).append(Entry("run", {"x": "y" * BODY_BYTES}))


def test_the_file_is_for_its_user_alone(tmp_path, monkeypatch, signer):
    monkeypatch.chdir(tmp_path)
    Path(".handrail").mkdir(mode=0o755)
    filled(store.Store("", signer=signer), 1)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [Path(".handrail"), *Path(".handrail").iterdir()]}
    assert modes.pop(".handrail") == 0o700
    assert set(modes.values()) == {0o600}
    assert "journal.db" in modes


def test_a_locked_journal_is_refused_and_says_so(sqlite, open_store, monkeypatch):
    opened = filled(open_store(sqlite), 1)
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.3)
    monkeypatch.setattr(engine, "TRY_SECONDS", 0.1)
    other = sqlite3.connect(opened.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Refused, match="locked by another process") as caught:
        opened.append(entry(2))
    assert caught.value.next_step == f"fuser -v {opened.place}"
    other.execute("ROLLBACK")
    other.close()
    assert opened.append(entry(2))["seq"] == 2


def test_a_journal_that_another_one_makes_at_this_moment_is_waited_for(sqlite, open_store, monkeypatch):
    monkeypatch.setattr(engine, "TRY_SECONDS", 0.1)
    path = Path(make_url(sqlite).database)
    path.parent.mkdir(parents=True, exist_ok=True)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    made = threading.Timer(0.6, other.execute, ["ROLLBACK"])
    made.start()
    assert open_store(sqlite).id
    made.join()
    other.close()


def test_a_locked_postgresql_is_refused_and_says_so(postgresql, open_store, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.3)
    monkeypatch.setattr(engine, "LOCK_MILLISECONDS", 200)
    opened = filled(open_store(postgresql), 1)
    with hands(postgresql) as do:
        do("SELECT pg_advisory_xact_lock(7521983)")
        with pytest.raises(Refused, match="locked by another process"):
            opened.append(entry(2))
    assert opened.append(entry(2))["seq"] == 2


def test_a_journal_of_a_newer_version_is_refused(url, open_store):
    filled(open_store(url), 1)
    with hands(url) as do:
        do("UPDATE meta SET value = '7' WHERE name = 'version'")
    for writes in (True, False):
        with pytest.raises(Refused, match="has version 7, and this handrail knows versions up to 1"):
            open_store(url, writes=writes)


def test_a_journal_of_an_older_version_is_brought_up_to_date(url, open_store, monkeypatch):
    filled(open_store(url), 1)
    monkeypatch.setattr(tables, "VERSION", 2)
    monkeypatch.setitem(
        tables.STEPS, 1, lambda connection: connection.exec_driver_sql("ALTER TABLE meta ADD more TEXT")
    )
    assert open_store(url).append(entry(2))["seq"] == 2
    with hands(url) as do:
        assert do("SELECT value, more FROM meta WHERE name = 'version'").one() == ("2", None)


def test_a_file_that_is_no_database_is_refused(tmp_path, open_store):
    (tmp_path / "x.db").write_text("no database " * 500)
    with pytest.raises(Refused, match="is not a database") as caught:
        open_store(f"sqlite:///{tmp_path}/x.db")
    assert "mv" in caught.value.next_step


def test_a_journal_that_was_moved_away_is_refused(sqlite, open_store):
    opened = filled(open_store(sqlite), 1)
    Path(opened.place).rename(f"{opened.place}.old")
    with pytest.raises(Refused, match="was moved or removed"):
        opened.append(entry(2))


@pytest.fixture
def disk(tmp_path):
    """A small disk; gives the options to mount it with anew."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_refused_and_nothing_is_lost(disk, open_store):
    opened = open_store(f"sqlite:///{disk}/journal.db")
    count = 0
    with pytest.raises(Refused, match="disk of the journal") as caught:  # noqa: PT012  # some of them are written
        for count in range(1000):  # how far it came
            opened.append(entry(count, text="x" * 5000))
    assert "df -h" in caught.value.next_step
    assert count > 10
    assert len(list(opened.stream())) == count
    assert chain.verify(opened).ok


def test_a_full_disk_from_the_beginning_is_refused(disk, open_store):
    with suppress(OSError):
        (disk / "rest").write_bytes(b"x" * 1_000_000)
    with pytest.raises(Refused, match=r"disk of the journal|cannot be opened"):
        open_store(f"sqlite:///{disk}/journal.db")


def test_a_read_only_journal_is_refused_for_writing_and_can_be_verified(disk, open_store):
    url = f"sqlite:///{disk}/journal.db"
    filled(open_store(url), 3).close()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(Refused, match=r"read-only|Read-only"):
        open_store(url).append(entry(4))
    assert chain.verify(open_store(url, writes=False)).records == 3


def test_a_read_only_postgresql_is_refused(postgresql, open_store):
    filled(open_store(postgresql), 1)
    with pytest.raises(Refused, match="the journal is read-only"):
        open_store(f"{postgresql}%20-cdefault_transaction_read_only%3Don").append(entry(2))


@pytest.mark.parametrize(
    "url",
    ["postgresql://ops:very-secret-word@127.0.0.1:1/journal?password=very-secret-word", "mysql://ops:very-secret-word@h/d",
     "postgresql://ops:very-secret-word@h:port/d", "very-secret-word", "sqlite://", "sqlite:///:memory:",
     "postgres://ops:very-secret-word@/d?host=/nowhere&sslpassword=very-secret-word"],
)  # fmt: skip
def test_what_cannot_be_used_is_said_without_the_password(url, open_store):
    with pytest.raises((Refused, BadInput)) as caught:
        open_store(url)
    assert "very-secret-word" not in str(caught.value)
    assert caught.value.next_step
    assert caught.value.__cause__ is None


def test_a_reader_finds_no_journal_where_there_is_none(tmp_path, open_store):
    with pytest.raises(BadInput, match="there is no journal"):
        open_store(f"sqlite:///{tmp_path}/none.db", writes=False)
    assert not (tmp_path / "none.db").exists()


def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "journal.key"
    head.signer(str(path))
    path.chmod(0o644)
    with pytest.raises(Refused, match="others can read the journal key"):
        head.signer(str(path))
