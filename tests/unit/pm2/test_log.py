"""Logs under PM2: opened again, read by time, followed across a rotation, and how a process ended."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime

import pytest

from handrail.model.slot import Slot
from handrail.runtimes.pm2 import Pm2
from handrail.runtimes.protocol import Instance
from tests.unit.pm2.stand_in import PM2_LOG, needs_node, plain, put, run


@needs_node
def test_logs_are_opened_again_and_pm2s_own_begins_anew_where_it_runs(pm2, service):
    put(pm2, ".pm2/rpc.sock", "")
    own = put(pm2, ".pm2/pm2.log", PM2_LOG)
    argv = plain(Pm2().reopen_logs([service], root=str(pm2)))
    given = {"PATH": f"{pm2}/bin:{os.environ['PATH']}", "SAID": str(pm2 / "said"), "LIST": "[]"}
    assert run(argv, ALIVE="no", **given).returncode == 0
    assert own.read_text() == PM2_LOG
    assert run(argv, ALIVE="yes", **given).returncode == 0
    assert (own.read_text(), (pm2 / "said").read_text()) == ("", "reloadLogs\n")


def test_log_says_how_this_process_ended_in_the_order_of_time(tmp_path, service):
    one = Instance("vendhub", str(tmp_path), service, Slot.BLUE)
    put(tmp_path, ".pm2/pm2.log", PM2_LOG)
    put(tmp_path, "logs/vendhub-api-blue-out.log", "2026-11-21T06:42:03.000+00:00: up: yes\n")
    put(tmp_path, "logs/vendhub-api-blue-error.log", "2026-11-21T06:42:04.250+00:00: last words\n")
    assert run(plain(Pm2().log(one, lines=20))).stdout.splitlines() == [
        "up: yes",
        "PM2 log: [PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value",
        "last words",
        "PM2 log: App [vendhub-api-blue:0] exited with code [0] via signal [SIGKILL]",
    ]
    assert len(run(plain(Pm2().log(one, lines=1))).stdout.splitlines()) == 1


def test_log_leaves_out_what_an_earlier_release_in_the_slot_said(tmp_path, service):
    one = Instance("vendhub", str(tmp_path), service, Slot.BLUE)
    put(
        tmp_path,
        "logs/vendhub-api-blue-out.log",
        "".join(f"2001-01-0{day}T00:00:00.000+00:00: {day}\n" for day in (1, 3)),
    )
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots/blue").symlink_to("../releases/1.0.0")
    second = datetime(2001, 1, 2, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "slots/blue", (second, second), follow_symlinks=False)
    assert run(plain(Pm2().log(one, lines=20))).stdout == "3\n"


@pytest.fixture
def logged(tmp_path, service):
    instances = [Instance("vendhub", str(tmp_path), service, slot) for slot in Slot]
    out = "vendhub-api-{}-out.log"
    put(tmp_path, f"logs/{out.format('blue')}.1", "2001-01-30T00:00:00.000+00:00: yesterday\n")
    file = put(tmp_path, f"logs/{out.format('blue')}", "2001-01-31T00:00:03.000+00:00: three\n")
    file.write_bytes(file.read_bytes() + b"2001-01-31T00:00:04.000+00:00: \xff\xfe: " + b"x" * 3_000_000 + b"\n")
    put(
        tmp_path, f"logs/{out.format('green')}", "2001-01-31T00:00:01.000+00:00: one\n2001-01-31T00:00:09.000+00:00: \n"
    )
    return instances


def read(instances, *, since="", lines=0):
    argv = plain(Pm2().read_log(instances, since=since, lines=lines, follow=False))
    return subprocess.run(argv, capture_output=True, check=True, timeout=30).stdout.split(b"\n")[:-1]


@needs_node
def test_log_lines_of_all_files_are_in_the_order_of_time_and_as_they_were_printed(logged):
    found = read(logged)
    assert [line[:22] for line in found[:3]] == [
        b"2001-01-30T00:00:00.00",
        b"2001-01-31T00:00:01.00",
        b"2001-01-31T00:00:03.00",
    ]
    assert found[0] == b"2001-01-30T00:00:00.000+00:00 yesterday"
    assert found[3] == b"2001-01-31T00:00:04.000+00:00 \xff\xfe: " + b"x" * 3_000_000
    assert found[4] == b"2001-01-31T00:00:09.000+00:00 "


@needs_node
@pytest.mark.parametrize(
    ("since", "lines", "count"),
    [
        ("", 2, 2),
        ("2001-01-31", 0, 4),
        ("2001-01-31T00:00:04", 0, 2),
        ("2001-01-31", 1, 1),
        ("36500d", 0, 5),
        ("1d", 9, 0),
    ],
)
def test_log_is_read_since_an_age_or_a_date_and_from_its_end(logged, since, lines, count):
    assert len(read(logged, since=since, lines=lines)) == count


@needs_node
def test_what_was_moved_aside_and_compressed_is_read_since_a_time_and_not_what_is_older(logged, tmp_path):
    name = "logs/vendhub-api-blue-out.log"
    for number, day in ((2, 29), (3, 28)):
        file = tmp_path / f"{name}.{number}.gz"
        file.write_bytes(gzip.compress(f"2001-01-{day}T00:00:00.000+00:00: day {day}\n".encode()))
        os.utime(file, (datetime(2001, 1, day, 23, tzinfo=UTC).timestamp(),) * 2)
    assert [line[30:] for line in read(logged[:1], since="2001-01-29")[:2]] == [b"day 29", b"yesterday"]
    assert len(read(logged[:1], lines=9)) == 3, "without a time the last that was moved aside is enough"


@needs_node
def test_log_that_cannot_be_read_is_no_empty_one(logged, tmp_path):
    argv = plain(Pm2().read_log(logged[:1], since="", lines=0, follow=False))
    (tmp_path / "logs/vendhub-api-blue-error.log").mkdir()
    done = subprocess.run(argv, capture_output=True, check=False, timeout=30)
    assert done.returncode == 1
    assert b"Is a directory" in done.stderr
    no_node = tmp_path / "bin"
    no_node.mkdir()
    for name in ("sh", "tail", "sort", "date"):
        (no_node / name).symlink_to(shutil.which(name))
    done = subprocess.run(argv, capture_output=True, check=False, timeout=30, env={"PATH": str(no_node)})
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"node" in done.stderr


@needs_node
def test_a_service_that_never_logged_has_no_lines(logged, tmp_path):
    for path in (tmp_path / "logs").iterdir():
        path.unlink()
    assert read(logged) == []


@needs_node
def test_log_is_followed_across_a_rotation(logged, tmp_path):
    path = tmp_path / "logs/vendhub-api-blue-error.log"
    path.write_text("2001-01-31T00:00:05.000+00:00: before\n")
    argv = plain(Pm2().read_log(logged[:1], since="2001-01-31T00:00:05", lines=1, follow=True))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True) as following:
        try:
            assert following.stdout.readline() == "2001-01-31T00:00:05.000+00:00 before\n"
            path.rename(f"{path}.1")
            path.write_text("2001-01-31T00:00:06.000+00:00: after\n")
            began = time.monotonic()
            assert following.stdout.readline() == "2001-01-31T00:00:06.000+00:00 after\n"
            assert time.monotonic() - began < 5
        finally:
            os.killpg(following.pid, 15)
