"""What containers printed: read and followed by name and time, and put aside before another one takes the name."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.model.document import parse
from handrail.model.slot import Slot
from handrail.runtimes.docker import Docker
from handrail.runtimes.protocol import Instance
from tests.unit.docker_host import Host

INVENTORY = Path("inventories/inventory.yaml")
STATE = '{{if eq .State.Status "exited"}}, ended with exit code {{.State.ExitCode}}{{end}}'
MADE_ANEW = "container\\ inspect*) echo exited no ;;"
OLD, NEWER = (datetime.now(UTC) - timedelta(days=days) for days in (40, 2))


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture
def api(host):
    system = parse(INVENTORY.read_text(), source=str(INVENTORY), environment="lab")
    return Instance(system.name, str(host.root), system.services["api"], Slot.GREEN)


def started(host, api, cases=""):
    """Start it on a host whose docker answers like that."""
    host.put(Docker().environment(api, {}))
    host.command("docker", cases)
    (argv,) = Docker().start(api)
    return host.run(argv)


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ("oom <no value>\ndie 137\n", ", ended with exit code 137, out of memory"),
        ("oom <no value>\ndie 137\ndie 1\n", ", ended with exit code 1"),
        ("die 137\n", ", ended with exit code 137, killed"),
        ("die 137\noom <no value>\n", ", ended with exit code 137, out of memory"),
        ("oom <no value>\ndie 137\ndie 137\n", ", ended with exit code 137, out of memory"),
        ("", f"{STATE}{{{{if .State.OOMKilled}}}}, out of memory{{{{end}}}}"),
    ],
)
def test_last_line_of_the_log_says_how_it_ended(host, api, events, end):
    (host.folder / "events").write_text(events)
    host.command("docker", f'events*) cat {host.folder}/events ;;\n*RestartCount*) echo "$*" ;;\nlogs*) echo boom ;;')
    lines = host.run(Docker().log(api, lines=20)).stdout.splitlines()
    assert lines[0] == "boom"
    assert lines[-1].endswith(
        f"started again {{{{.RestartCount}}}} times{end}{{{{with .State.Error}}}}: {{{{.}}}}{{{{end}}}}"
    )


def test_logs_are_merged_by_time_and_named(host, api):
    host.command(
        "docker",
        "container*api.2-blue) exit 1 ;;\ncontainer*) echo /${5} ;;\n"
        "logs*blue) echo '2026-11-21T06:52:47.100000000Z one'; echo '2026-11-21T06:52:47.300000000Z ' >&2 ;;\n"
        "logs*green) echo '2026-11-21T06:52:47.200000000Z two  words'; echo 'Error response from daemon' ;;",
    )
    places = [(Slot.BLUE, 1), (Slot.GREEN, 1), (Slot.BLUE, 2)]
    instances = [Instance(api.system, api.root, api.service, slot, number) for slot, number in places]
    done = host.run(Docker().read_log(instances, since="", lines=2, follow=False))
    assert done.stdout.splitlines() == [
        "2026-11-21T06:52:47.200000000Z inventory-api-green: two  words",
        "2026-11-21T06:52:47.300000000Z inventory-api-blue: ",
    ]
    everything = host.run(Docker().read_log(instances, since="", lines=0, follow=False)).stdout
    assert everything.count("\n") == 3


@pytest.mark.parametrize("follow", [False, True])
def test_a_daemon_that_is_down_is_no_empty_log(host, api, follow):
    host.command("docker", "*) echo 'Cannot connect to the Docker daemon' >&2; exit 1 ;;")
    done = host.run(Docker().read_log([api], since="", lines=0, follow=follow))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Cannot connect to the Docker daemon"


def test_a_log_that_docker_cannot_read_is_no_empty_one_and_the_others_are_shown(host, api):
    host.command(
        "docker",
        "container*) echo /${5} ;;\nlogs*blue) echo 'Error: the driver does not support reading' >&2; exit 1 ;;\n"
        "logs*) echo '2026-11-21T06:52:47Z fine' ;;",
    )
    instances = [Instance(api.system, api.root, api.service, slot) for slot in Slot]
    done = host.run(Docker().read_log(instances, since="", lines=0, follow=False))
    assert done.stdout == "2026-11-21T06:52:47Z inventory-api-green: fine\n"
    assert (done.returncode, done.stderr) == (1, "Error: the driver does not support reading\n")


def test_dates_of_logs_are_utc_in_every_place(host, api):
    host.command("docker", 'container*) echo /x ;;\nlogs*) echo "2026-11-21T06:52:47Z $TZ $LC_ALL" ;;')
    argv = Docker().read_log([api], since="2026-01-31", lines=1, follow=False)
    assert host.run(argv, TZ="Asia/Tokyo", LC_ALL="C.UTF-8").stdout == "2026-11-21T06:52:47Z x: UTC C\n"


@pytest.mark.parametrize(
    ("since", "begin"),
    [
        ("2d", timedelta(days=2)),
        ("90s", timedelta(seconds=90)),
        ("2026-01-31 22:00", datetime(2026, 1, 31, 22, tzinfo=UTC)),
        ("2026-01-31T22:00:05", datetime(2026, 1, 31, 22, 0, 5, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("follow", [False, True])
def test_log_is_read_since_an_age_or_a_date(host, api, since, begin, follow):
    host.command("docker", "container\\ inspect*) echo /api ;;\nlogs*) kill $(cat parent) ;;")
    argv = Docker().read_log([api], since=since, lines=0, follow=follow)
    host.run(["sh", "-c", 'echo $$ >parent; exec "$@"', "sh", *argv], TZ="Asia/Tokyo")
    words = host.asked_for("docker logs")[0].split()
    asked = datetime.fromisoformat(words[words.index("--since") + 1])
    wanted = begin if isinstance(begin, datetime) else datetime.now(UTC) - begin
    assert abs(asked - wanted) < timedelta(minutes=1)


def test_log_is_read_whole_where_no_time_is_asked_for(host, api):
    host.command("docker", "container\\ inspect*) echo /api ;;")
    host.run(Docker().read_log([api], since="", lines=0, follow=False))
    assert host.asked[-1] == "docker logs --timestamps --tail all inventory-api-green"


def put_aside(host, api, text, *, at):
    """Have something put aside of a container that is made anew at that time."""
    date = host.bin / "date"
    date.write_text(f'#!/bin/sh\nexec {shutil.which("date")} -d @{int(at.timestamp())} "$@"\n')
    date.chmod(0o755)
    (host.folder / "printed").write_text(text)
    assert started(host, api, f"{MADE_ANEW}\nlogs*) cat {host.folder}/printed ;;").returncode == 0
    date.unlink()
    (made,) = (host.root / "container-logs").glob(f"*{at:%Y%m%dT%H%M%SZ}*")
    os.utime(made, (at.timestamp(), at.timestamp()))
    return made


def test_what_a_container_printed_is_put_aside_before_another_takes_its_name(host, api):
    made = put_aside(host, api, "2026-11-21T06:52:47.1Z café\n", at=NEWER)
    assert made.name == f"inventory-api-green.{NEWER:%Y%m%dT%H%M%SZ}.log.gz"
    assert gzip.decompress(made.read_bytes()).decode() == "2026-11-21T06:52:47.1Z café\n"
    assert (made.stat().st_mode & 0o777, made.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    read, removed = (host.asked.index(host.asked_for(f"docker {words}")[0]) for words in ("logs", "rm"))
    assert read < removed


def test_what_was_put_aside_is_kept_for_thirty_days(host, api):
    old, newer = (put_aside(host, api, "2026-11-21T06:52:47.1Z x\n", at=at) for at in (OLD, NEWER))
    assert not old.exists()
    assert newer.exists()


def test_a_first_container_leaves_nothing_to_put_aside(host, api):
    assert started(host, api).returncode == 0
    assert not (host.root / "container-logs").exists()


def test_a_full_disk_keeps_no_container_from_its_start(host, api):
    host.command("gzip", "*) echo 'gzip: stdout: No space left on device' >&2; exit 1 ;;")
    done = started(host, api, f"{MADE_ANEW}\nlogs*) echo x ;;")
    assert (done.returncode, done.stdout) == (0, "")
    assert host.asked_for("docker run")
    assert not list((host.root / "container-logs").iterdir())


def lines_of(host, api, **how):
    host.command(
        "docker", "container\\ inspect*) echo /inventory-api-green ;;\nlogs*) echo 2026-11-29T00:00:00Z now ;;"
    )
    done = host.run(Docker().read_log([api], **{"since": "", "lines": 0, "follow": False, **how}))
    assert done.returncode == 0, done.stderr
    return [line.split()[-1] for line in done.stdout.splitlines()]


def test_what_was_put_aside_is_read_with_the_rest(host, api):
    before = datetime.now(UTC) - timedelta(days=5)
    put_aside(host, api, f"{before:%FT%TZ} one\n", at=before)
    put_aside(host, api, f"{before:%FT%TZ} two\n{NEWER:%FT%TZ} three\n", at=NEWER)
    everything = ["one", "two", "three", "now"]
    assert lines_of(host, api) == everything
    assert lines_of(host, api, since="9d") == everything
    assert lines_of(host, api, since="3d") == ["three", "now"]
    assert lines_of(host, api, lines=2) == ["three", "now"]
    assert lines_of(host, api, lines=9) == ["two", "three", "now"]


def test_what_was_put_aside_and_cannot_be_read_is_no_empty_log(host, api):
    put_aside(host, api, "2026-11-21T06:52:47Z x\n", at=NEWER).write_bytes(b"no gzip")
    host.command("docker", "container*) echo /x ;;\nlogs*) echo 2026-11-29T00:00:00Z now ;;")
    done = host.run(Docker().read_log([api], since="", lines=0, follow=False))
    assert (done.returncode, done.stdout) == (1, "2026-11-29T00:00:00Z x: now\n")
    assert "not in gzip format" in done.stderr


def test_following_ends_when_nobody_reads_any_more(host, api):
    host.command(
        "docker",
        "container\\ inspect*) echo /inventory-api-green ;;\nlogs*) echo '2026-11-21T06:52:47Z up'; sleep 60 ;;",
    )
    argv = Docker().read_log([api], since="", lines=1, follow=True)
    path = f"{host.bin}:{os.environ['PATH']}"
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ, "PATH": path}) as follower:
        assert follower.stdout.readline() == "2026-11-21T06:52:47Z inventory-api-green: up\n"
        follower.stdout.close()
        assert follower.wait(timeout=10) != 0
