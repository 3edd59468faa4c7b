"""The dumps that are there, and whether they are still as they were taken."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from handrail.control import backup
from handrail.control.connections import Connections
from handrail.hosts.dump import read_dumps
from handrail.hosts.script import Reply
from handrail.model.fleet import Outcome
from tests.unit.host_folder import Host

DAY = 86_400
FACTS = {"database": "shop", "release": "1.0.0-aaaaaaaaaaaa", "taken": "2026-01-31T22:15:00Z", "sha256": "0" * 64}


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def listed(host, folder, *, verify=False):
    reply = host.run("backup_list", arguments=("yes" if verify else "", "database", f"{folder}/*.dump"))
    assert reply.outcome is Outcome.OK, reply
    return read_dumps(reply, "db1")


def test_a_dump_that_was_altered_is_told_from_one_that_nobody_read(database):
    database.take()
    (dump,) = database.dumps()
    (stranger := database.folder / "by hand.dump").write_bytes(b"x")
    os.utime(stranger, (time.time() - 2 * DAY,) * 2)
    (found, other) = read_dumps(database.list(), "db1")
    assert (found.path, found.digest, found.size_bytes) == (str(dump), "unchecked", dump.stat().st_size)
    assert (found.database, found.release, found.run) == (database.name, "1.0.0-aaaaaaaaaaaa", "r1")
    assert (other.digest, other.database, other.age_seconds // DAY) == ("none", "", 2)
    assert [each.digest for each in read_dumps(database.list(verify=True), "db1")] == ["ok", "none"]
    with dump.open("r+b") as file:
        file.seek(-5, os.SEEK_END)
        file.write(b"?")
    assert [each.digest for each in read_dumps(database.list(verify=True), "db1")] == ["wrong", "none"]


@pytest.mark.parametrize(
    "about", ["", "{", "[1]", '{"release": 5, "database": {}, "digest": "ok"}', "{}\nresult failed"]
)
def test_what_stands_beside_a_dump_is_believed_only_where_it_makes_sense(host, tmp_path, about):
    (tmp_path / "a\n\x1b[31m.dump").write_bytes(b"x")
    (tmp_path / "a\n\x1b[31m.dump.json").write_text(about)
    (dump,) = listed(host, tmp_path)
    assert (dump.database, dump.release, dump.digest) == ("", "", "none")
    assert dump.path.isprintable()


def shown(monkeypatch, capsys, reply, **how):
    """Run the task with one answer for every host; give its exit code and what it showed."""
    monkeypatch.setattr(Connections, "ask", lambda *_: reply)
    with pytest.raises(SystemExit) as ended:
        backup.show_backups(str(Path("inventories/prod.py")), verify=False, **how)
    return ended.value.code, capsys.readouterr().out


def test_the_task_shows_a_row_for_each_dump_and_ends_with_one_for_a_bad_one(monkeypatch, capsys):
    about = f"about /b/1.dump {json.dumps(FACTS)}"
    for digest, code in (("ok", 0), ("unchecked", 0), ("none", 0), ("wrong", 1)):
        reply = Reply(Outcome.OK, "listed", (f"dump database {digest} 7300 2097152 /b/1.dump", about))
        ended, out = shown(monkeypatch, capsys, reply, as_json=False)
        assert ended == code
        assert [word.strip() for word in out.splitlines()[-1].split("  ") if word.strip()][1:] == [
            "shop", "2 h", "2.0 MiB", digest, "1.0.0", "/b/1.dump"
        ]  # fmt: skip
    ended, out = shown(monkeypatch, capsys, Reply(Outcome.UNKNOWN, "no reply", ()), as_json=True)
    assert (ended, json.loads(out)["dumps"]) == (1, [])
    assert list(json.loads(out)["unreachable"].values()) == ["no reply"]
