"""A dump of a real PostgreSQL, and all that may go wrong with one: what has a good name can be restored."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import contextmanager

import pytest

from handrail.model.fleet import Outcome
from tests.unit.backup.conftest import LEASE_SECONDS, PASSWORD, PATIENCE_SECONDS, USER
from tests.unit.host_folder import token

PID = "SELECT pid FROM pg_stat_activity WHERE application_name = 'handrail backup'"
# Some bytes of the data, far behind the contents.
DAMAGED = (
    'case $1 in --version) exec $REAL "$@" ;; esac; $REAL "$@" >$0.out;'
    " printf 'xxxx' | dd of=$0.out bs=1 seek=60000 conv=notrunc 2>/dev/null; cat $0.out"
)
COUNT = "SELECT count(*), sum(id), min(name) FROM items"


@contextmanager
def locked(database):
    """Keep a dump waiting: it needs a lock that somebody else has."""
    words = ["-h", "127.0.0.1", "-p", str(database.server.port), "-U", USER, "-Xq", "-d", database.name]
    holder = subprocess.Popen(
        ["psql", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PGPASSWORD": PASSWORD},
    )  # fmt: skip
    holder.stdin.write("BEGIN; LOCK TABLE items; SELECT 1;\n")
    holder.stdin.flush()
    assert holder.stdout.readline()
    try:
        yield
    finally:
        holder.communicate("ROLLBACK;\n")


def until(what):
    limit = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < limit
        time.sleep(0.05)


def waiting(database):
    """Whether a dump waits for that lock."""
    return "1" in database.sql(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'handrail backup' AND wait_event_type = 'Lock'"
    )


def connected(database):
    return database.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'handrail backup'")


@contextmanager
def tiny(database, megabytes):
    """Give the dumps a disk of their own."""
    database.folder.mkdir(mode=0o700)
    how = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(database.folder)]
    if subprocess.run(how, check=False, capture_output=True).returncode:
        pytest.skip("may not mount a tmpfs here")
    try:
        yield
    finally:
        # Lazily: what a stand-in began may write for a moment yet.
        subprocess.run(["umount", "--lazy", str(database.folder)], check=True)


def test_what_was_dumped_can_be_restored(database):
    database.sql('CREATE SCHEMA odd; CREATE TABLE odd."Ta ble" (d date) PARTITION BY RANGE (d)')
    database.sql('CREATE TABLE odd.one PARTITION OF odd."Ta ble" DEFAULT; CREATE UNLOGGED TABLE u (n serial)')
    reply = database.take()
    assert reply.outcome is Outcome.OK, reply
    (dump,) = database.dumps()
    assert reply.words.startswith(f"{dump}: 4 tables, {dump.stat().st_size} bytes, sha256 ")
    assert subprocess.run(["sha256sum", "-c", f"{dump.name}.sha256"], cwd=database.folder, check=False).returncode == 0
    assert {path.stat().st_mode & 0o777 for path in database.folder.iterdir()} == {0o600}
    assert database.folder.stat().st_mode & 0o777 == 0o700
    told = json.loads(dump.with_name(f"{dump.name}.json").read_text())
    assert (told["release"], told["run"], told["size_bytes"]) == ("1.0.0-aaaaaaaaaaaa", "r1", dump.stat().st_size)
    assert reply.words.endswith(told["sha256"])
    scratch = f"{database.name}x"
    database.server.sql(f"CREATE DATABASE {scratch}")
    database.server.run("pg_restore", "--exit-on-error", "-d", scratch, dump)
    assert database.server.sql(COUNT, scratch) == database.sql(COUNT)
    database.server.sql(f"DROP DATABASE {scratch}")


@pytest.mark.parametrize(
    ("tool", "text", "told"),
    [
        ("pg_dump", '[ "$1" != -Fc ] || set -- "$@" -T items; exec $REAL "$@"', "lacks 1 of the 1 tables"),
        ("pg_dump", '[ "$1" != -Fc ] || set -- "$@" --schema-only; exec $REAL "$@"', "lacks 1 of the 1 tables"),
        ("pg_restore", "exit 0", "lacks 1 of the 1 tables"),
        ("pg_dump", 'case $1 in --version) exec $REAL "$@" ;; esac; $REAL "$@" | head -c 60000', "to its end"),
        ("pg_dump", DAMAGED, "to its end"),
        ("pg_dump", 'case $1 in --version) exec $REAL "$@" ;; esac; exit 0', "cannot read the dump"),
        ("pg_dump", 'case $1 in --version) exec $REAL "$@" ;; esac; $REAL "$@"; echo it broke >&2; exit 3', "it broke"),
        ("pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.1'", "cannot dump from 1"),
        ("pg_dump", "exit 127", "apt-get install postgresql-client-1"),
    ],
    ids=["lacks", "empty", "silent", "cut off", "damaged", "nothing", "fails", "old", "none"],
)
def test_a_dump_that_is_no_good_gets_no_good_name(database, tool, text, told):
    old = database.take()
    assert old.outcome is Outcome.OK
    before = database.files()
    database.tool(tool, text)
    reply = database.take()
    assert reply.outcome is Outcome.FAILED, reply
    assert told in reply.words
    assert database.files() == before


def test_a_wrong_password_is_told_and_no_password_is_in_an_argument(database):
    database.tool("pg_dump", f'echo "$@" >>{database.tools}/arguments; exec $REAL "$@"')
    reply = database.take(password="wrong-word")
    assert reply.outcome is Outcome.FAILED
    assert "postgresql does not answer: " in reply.words
    assert "password authentication failed" in reply.words
    assert "wrong-word" not in str(reply)
    assert database.files() == set()
    assert database.take().outcome is Outcome.OK
    assert PASSWORD not in (database.tools / "arguments").read_text()


def test_a_disk_without_a_place_for_the_dump_is_told_before_it_begins(database):
    with tiny(database, 8):
        (database.folder / "old.dump").write_bytes(b"kept")
        reply = database.take()
        assert reply.outcome is Outcome.FAILED
        assert "the dump may need 8 MiB" in reply.words
        assert database.files() == {"old.dump"}
        # What the last one took tells more than the size of the database.
        last = {"size_bytes": 110_000, "database_bytes": 8_000_000}
        (database.folder / f"{database.name}-20260101T000000Z.dump").write_bytes(b"last")
        (database.folder / f"{database.name}-20260101T000000Z.dump.json").write_text(json.dumps(last))
        assert database.take().outcome is Outcome.OK


@pytest.mark.parametrize(
    ("writes", "told"),
    [
        ("exec head -c 100M /dev/zero", "No space left"),
        ("while :; do head -c 9M /dev/zero; sleep 0.3; done", "fills up"),
    ],
)
def test_a_disk_that_fills_up_meanwhile_loses_no_old_dump(database, writes, told):
    with tiny(database, 40):
        (database.folder / "old.dump").write_bytes(b"kept")
        database.tool("pg_dump", f'case $1 in --version) exec $REAL "$@" ;; esac; {writes}')
        reply = database.take()
        assert reply.outcome is Outcome.FAILED
        assert told in reply.words
        assert database.files() == {"old.dump"}


def test_a_dump_that_is_under_way_is_ended_with_all_that_belongs_to_it(database):
    with locked(database):
        process = database.taking()
        until(lambda: waiting(database))
        assert database.end().words == f"the dump of {database.name} is ended, and what was written of it is gone"
        assert "ended before it was whole" in database.reply(process).words
        assert connected(database) == "0"
        assert database.files() == set()
    assert database.end().outcome is Outcome.UNCHANGED
    assert database.take().outcome is Outcome.OK


def test_what_a_killed_dump_left_is_gone_after_the_next_one(database):
    with locked(database):
        process = database.taking()
        until(lambda: waiting(database))
        writer = int((database.host.run_directory / f"backup.{database.name}").read_text())
        os.kill(writer, signal.SIGKILL)
        assert any(name.endswith(".partial") for name in database.files())
        assert connected(database) == "1"  # pg_dump itself lives on
        killed = database.sql(PID)
        orphan, process = process, database.taking()
        until(lambda: waiting(database) and database.sql(PID) not in {"", killed})
    assert database.reply(process).outcome is Outcome.OK
    database.reply(orphan)
    (dump,) = database.dumps()
    assert database.files() == {dump.name, f"{dump.name}.sha256", f"{dump.name}.json"}


def test_side_files_without_their_dump_are_removed_and_strangers_stay(database):
    database.folder.mkdir(mode=0o700)
    ours = f"{database.name}-20260101T000000Z.dump.sha256"
    strangers = {"README", f"{database.name}-old-20260101T000000Z.dump.json", f".{database.name}-x.dump.partial"}
    for name in {ours, *strangers}:
        (database.folder / name).write_text("x")
    assert database.take().outcome is Outcome.OK
    assert ours not in database.files()
    assert strangers <= database.files()


def test_a_rollback_does_not_wait_for_a_backup_whose_dump_ends_then(database):
    with locked(database):
        process = database.taking()
        until(lambda: waiting(database))
        token(database.host.take("r1", seconds=LEASE_SECONDS, holder="ann@desk (backup)"))
        for verb in ("deploy", "backup", "disk"):
            assert database.host.take("r2", verb=verb).outcome is Outcome.HELD
        assert token(database.host.take("r2", holder="bob@desk (rollback)", verb="rollback")) == database.token + 1
        reply = database.reply(process)
    assert reply.outcome is Outcome.REFUSED
    assert (connected(database), database.files()) == ("0", set())


def test_a_dump_of_a_run_that_nobody_renews_ends_by_itself(database):
    token(database.host.take("r1", seconds=3))
    with locked(database):
        reply = database.take()
    assert "nobody renews the lease" in reply.words
    assert database.files() == set()


def test_a_dump_has_a_deadline(database):
    with locked(database):
        reply = database.take(seconds=2)
    assert reply.outcome is Outcome.FAILED
    assert "not done within 2 s" in reply.words
    assert database.files() == set()


def test_a_folder_that_others_can_write_to_is_refused(database):
    database.folder.mkdir(mode=0o700)
    database.folder.chmod(0o770)
    assert "chmod 700" in database.take().words
    database.folder.chmod(0o700)
    os.chown(database.folder, 65534, 65534)
    assert "chown root" in database.take().words
    database.folder.rmdir()
    (database.tools / "other").mkdir(mode=0o700)
    database.folder.symlink_to(database.tools / "other")
    assert "symbolic link" in database.take().words
