"""What runs is what is enabled: the script that has PM2 start and stop, and ends what PM2 has lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit.pm2.stand_in import needs_node, put, run

ROWS = (("kept", "online"), ("dead", "errored"), ("gone", "online"), ("somebody's", "online"))


def sync(pm2, *, rows=ROWS, pid=178, **environment):
    found = [
        {"name": name, "pm_id": i, "pid": pid, "pm2_env": {"status": status}} for i, (name, status) in enumerate(rows)
    ]
    given = {"ALIVE": "no", "SAID": str(pm2 / "said"), "LIST": json.dumps(found), "TZ": "UTC", "HOME": "/"}
    paths = {"PATH": f"{pm2}/bin:{os.environ['PATH']}", "PM2_PID_FILE_PATH": str(pm2 / "run/pm2.pid")}
    done = run(["node", str(pm2 / "pm2/sync.js")], **{**given, **paths, **environment})
    return done, (pm2 / "said").read_text().splitlines()


@needs_node
def test_sync_stops_what_is_not_enabled_starts_what_is_and_leaves_what_is_not_ours(pm2):
    done, said = sync(pm2)
    assert done.returncode == 0, done.stderr
    assert said[:4] == ["connect", "list", "delete 1", "delete 2"]
    assert [line.split()[:2] for line in said[4:]] == [["start", "dead"], ["start", "new"]]


@needs_node
@pytest.mark.parametrize(
    ("status", "pid", "asked", "anew"),
    [
        ("waiting restart", 0, "kept.asked", True),
        ("online", 0, "kept.asked", True),
        ("online", 178, "kept.asked", False),
        ("waiting restart", 0, "new.asked", False),
    ],
)
def test_sync_starts_anew_what_a_start_was_asked_for_unless_it_runs(pm2, status, pid, asked, anew):
    put(pm2, f"pm2/enabled/{asked}", "")
    done, said = sync(pm2, rows=[("kept", status)], pid=pid)
    assert done.returncode == 0, done.stderr
    assert ("delete 0" in said, any(line.startswith("start kept ") for line in said)) == (anew, anew)


@pytest.fixture
def daemon(pm2):
    """Give a process that stands for PM2's daemon, with the children that are asked for."""
    begun = []

    def start(*names):
        children = " ".join(f"env name='{name}' sleep 100 & echo $!;" for name in names)
        process = subprocess.Popen(["sh", "-c", f"{children} wait"], stdout=subprocess.PIPE, text=True)
        begun.append(process)
        (pm2 / "run/pm2.pid").write_text(str(process.pid))
        pids = [int(process.stdout.readline()) for _ in names]
        begun.extend(pids)
        # from `sh` to `env` to `sleep`: the name is there at the end
        until(lambda: all(b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids))
        return pids

    yield start
    for one in begun:
        with suppress(ProcessLookupError):
            one.kill() if isinstance(one, subprocess.Popen) else os.kill(one, signal.SIGKILL)


def until(true):
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(pid):
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@needs_node
def test_a_program_that_pm2_has_lost_is_killed_and_no_other(pm2, daemon):
    lost, kept, other = daemon("kept", "kept", "other")
    done, _ = sync(pm2, rows=[("kept", "online")], pid=kept)
    assert done.stderr == f"kept, process {lost}, was lost by PM2: it is killed\n"
    until(lambda: not runs(lost))
    assert (runs(kept), runs(other)) == (True, True)


@needs_node
def test_what_is_deleted_while_pm2_starts_it_again_is_looked_for_once_more(pm2):
    looks = [line for line in sync(pm2, rows=[("gone", "stopping")])[1] if line.split()[0] in {"list", "delete"}]
    assert looks == ["list", "delete 0", "list"]
    (pm2 / "said").unlink()
    looks = [line for line in sync(pm2, rows=[("gone", "online")])[1] if line.split()[0] in {"list", "delete"}]
    assert looks == ["list", "delete 0"]


@needs_node
def test_programs_see_nothing_of_the_environment_of_pm2(pm2):
    _, said = sync(pm2)
    seen = set(said[-1].split()[-1].split(","))
    assert "PATH" in seen
    assert not seen & {"TZ", "PM2_PID_FILE_PATH", "SAID"}


@needs_node
def test_sync_ends_a_daemon_of_somebody_else_but_never_that_of_the_unit(pm2):
    assert sync(pm2, ALIVE="yes")[1][0] == "pm2 kill"
    (pm2 / "said").unlink()
    assert sync(pm2, ALIVE="yes", MAINPID="1")[1][0] == "connect"


@needs_node
def test_sync_fails_when_a_process_is_not_started_or_the_daemon_is_not_ours(pm2):
    done, _ = sync(pm2, LOST="yes")
    assert (done.returncode, done.stderr) == (1, "PM2 started 0 of dead, new\n")
    (pm2 / "run/pm2.pid").unlink()
    done, _ = sync(pm2)
    assert done.returncode == 1
    assert "another daemon" in done.stderr
