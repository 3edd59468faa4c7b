"""The looks that judge: check, watch and config, on the lab's hosts."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import TYPE_CHECKING

import pytest

from handrail.control.connections import Connections
from handrail.control.inventory import read
from handrail.hosts.script import Command
from handrail.model.fleet import Outcome
from tests.lab.controller import INVENTORY
from tests.lab.controller import ROOT as REPOSITORY
from tests.lab.inventory import inventory
from tests.lab.test_look import FAB, fab

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab
# A machine that is busy with other tests is no ALERT here.
CALM = {"cpu": {"warn": 99, "alert": 100}, "memory": {"warn": 99, "alert": 100}, "p95": {"warn": "50s", "alert": "60s"}}
DUMPS = "/var/backups/handrail-test"


@pytest.fixture
def described(tmp_path: Path):
    """Give the lab's inventory with other words in the YAML."""

    def make(**changes):
        return str(inventory(tmp_path / "described", {"thresholds": CALM} | changes))

    return make


def checked(period, path):
    """Run a check and give its findings by check, and its exit code."""
    done = fab("check", period, "--json", "--inventory", path)
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.returncode, done.stderr
    found = {}
    for finding in told["findings"]:
        found.setdefault(finding["check"], []).append(finding)
    return found, done.returncode


def test_a_daily_check_asks_everything_and_is_ok_when_dumps_are_fresh(fleet, described):
    fleet.sh("db", f"mkdir -p {DUMPS} && echo dump >{DUMPS}/1.dump")
    # what other tests did to the services is in the log of the day
    limits = CALM | {"error_lines": {"warn": 999999, "alert": 1000000}}
    backups = {"database": {"hosts": "db", "path": f"{DUMPS}/*.dump"}}
    try:
        found, code = checked("daily", described(thresholds=limits, backups=backups))
    finally:
        fleet.sh("db", f"rm -rf {DUMPS}")
    # a machine whose processors are all busy is a WARN with any threshold, and slow answers are one
    levels = {(name, finding["level"]) for name, each in found.items() for finding in each}
    assert {each for each in levels if each[1] != "OK"} <= {("cpu", "WARN"), ("health", "WARN")}, found
    assert code == len({level for _, level in levels}) - 1
    assert list(found) == [
        "services", "health", "disk", "memory", "cpu", "traffic", "errors", "connections", "cache", "backups"
    ]  # fmt: skip
    hosts = {name: sorted({finding["host"] for finding in each}) for name, each in found.items()}
    assert hosts["disk"] == ["db", "edge", "web1", "web2"]
    assert (hosts["traffic"], hosts["errors"], hosts["connections"]) == (["edge"], ["db", "web1", "web2"], ["db"])
    assert "of 100 connections" in found["connections"][0]["text"]
    assert found["cache"][0]["text"].startswith("PONG")
    assert f"{DUMPS}/1.dump" in found["backups"][0]["text"]


def test_a_check_without_dumps_is_a_warning_and_ends_with_one(fleet, described):
    found, code = checked("monthly", described(checks={"monthly": ["backups", "cache"]}))
    assert [finding["level"] for finding in found["backups"]] == ["WARN"]
    assert code == 1


def test_a_check_with_nothing_to_complain_of_ends_with_zero(fleet, described):
    found, code = checked("monthly", described(checks={"monthly": ["disk", "connections"]}))
    assert list(found) == ["disk", "connections"]
    assert code == 0


def test_dumps_that_stopped_coming_are_an_alert(fleet, described):
    fleet.sh("db", f"mkdir -p {DUMPS} && echo dump >{DUMPS}/1.dump && touch -d '3 days ago' {DUMPS}/1.dump")
    backups = {"database": {"hosts": "db", "path": f"{DUMPS}/*.dump"}, "files": {"hosts": "db", "path": "/nowhere/*"}}
    try:
        found, code = checked("monthly", described(backups=backups, checks={"monthly": ["backups"]}))
    finally:
        fleet.sh("db", f"rm -rf {DUMPS}")
    assert [(each["what"], each["level"]) for each in found["backups"]] == [("database", "ALERT"), ("files", "ALERT")]
    assert found["backups"][1]["text"] == "there is no /nowhere/*"
    assert code == 2


def test_a_disk_above_its_threshold_is_an_alert_and_ends_with_two(fleet, described):
    limits = CALM | {"disk": {"warn": 0, "alert": 1}}
    path = described(thresholds=limits, checks={"weekly": ["disk", "memory"]})
    done = fab("check", "weekly", "--inventory", path)
    assert done.returncode == 2
    rows = [line.split() for line in done.stdout.splitlines() if " disk " in line]
    assert {(row[0], row[3]) for row in rows} == {("ALERT", host) for host in ("db", "edge", "web1", "web2")}
    assert "4 ALERT" in done.stdout.splitlines()[0]


def test_error_lines_of_a_service_are_counted_and_grouped_without_secrets(fleet, described):
    path = described(checks={"monthly": ["errors"]})

    def counted():
        texts = {
            each["host"]: each["text"] for each in checked("monthly", path)[0]["errors"] if each["what"] == "backend"
        }
        group = re.search(r"(\d+) x Error: item", texts["web1"])
        return int(texts["web1"].split()[0]), int(group[1]) if group else 0, int(texts["web2"].split()[0])

    before = counted()
    secret = (REPOSITORY / ".handrail/lab/secrets/REDIS_PASSWORD").read_text().strip()
    lines = [f"Error: item {number} of {secret} is lost, password=hunter{number}" for number in range(40)]
    _log(fleet, "web1", [*lines, "40 items, 0 errors"])
    assert counted() == (before[0] + 40, before[1] + 40, before[2])
    shown = fab("check", "monthly", "--inventory", path).stdout
    assert "x Error: item" in shown
    assert secret not in shown
    assert "hunter" not in shown


def _log(fleet, host, texts):
    """Log lines as the backend would; journald takes root's word for it."""
    fields = "SYSLOG_IDENTIFIER=sanvi-backend\nOBJECT_SYSTEMD_UNIT=sanvi-backend@blue.service\n"
    entries = [shlex.quote(f"MESSAGE={text}\n{fields}") for text in texts]
    fleet.sh(host, "\n".join(f"printf %s {entry} | logger --journald" for entry in entries))


def test_one_question_that_fails_is_an_alert_and_the_others_are_answered(fleet, described):
    path = described(checks={"monthly": ["connections", "cache", "disk"]})
    fleet.sh("db", "systemctl stop redis-server")
    try:
        found, code = checked("monthly", path)
    finally:
        fleet.sh("db", "systemctl start redis-server")
    assert found["cache"][0]["level"] == "ALERT"
    assert "refused" in found["cache"][0]["text"]
    assert found["connections"][0]["level"] == "OK"
    assert code == 2


# --- watch ---


def test_a_watch_of_a_healthy_system_goes_on_until_its_time_is_over(fleet, described, load):
    with load(rate=50, connections=5):
        done = fab("watch", "--minutes", "0.1", "--every", "1s", "--json", "--inventory", described())
    *looks, end = [json.loads(line) for line in done.stdout.splitlines()]
    levels = {look["level"] for look in looks}
    # on a busy machine a health check may be slow
    assert levels <= {"OK", "WARN"}, done.stdout
    assert (done.returncode, end["outcome"]) == (1 if "WARN" in levels else 0, "done")
    assert looks[-1]["traffic"]["edge"]["requests"] > 100
    assert len(looks) >= 2


def test_a_watch_ends_early_and_loudly_when_a_service_dies(fleet, described):
    line = [*FAB, "watch", "--minutes", "30", "--every", "1s", "--inventory", described()]
    with subprocess.Popen(line, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("sanvi on lab")
        assert " OK " in process.stdout.readline()
        slot = fleet.ask().slot
        fleet.sh("web1", f"systemctl stop sanvi-backend@{slot}")
        try:
            rest = process.stdout.read()
            code = process.wait(timeout=60)
        finally:
            fleet.sh("web1", f"systemctl start sanvi-backend@{slot}")
    assert code == 2
    last, following = rest.splitlines()[-2:]
    assert last.startswith("BREACH backend on web1: no answer on")
    assert "since" in last
    assert following.startswith("next  fab rollback")
    assert "\x1b" not in rest


def test_a_host_that_hangs_after_it_was_connected_is_lost_soon(fleet, monkeypatch):
    monkeypatch.setattr("handrail.control.connections.CONNECT_SECONDS", 2)
    with Connections(read(INVENTORY)) as connections:
        command = Command(("end",), ("/", "/run"), 2)
        assert connections.ask("web2", command).outcome is Outcome.OK
        assert connections.of("web2").transport.sock.getsockopt(IPPROTO_TCP, TCP_NODELAY)
        fleet.container("pause", "web2")
        began = time.monotonic()
        try:
            reply = connections.ask("web2", command)
        finally:
            fleet.container("unpause", "web2")
        assert time.monotonic() - began < 10
        assert "cannot be reached" in reply.words
        assert connections.ask("web2", command).outcome is Outcome.OK


def test_ctrl_c_ends_a_watch_with_a_summary(fleet, described):
    line = [*FAB, "watch", "--minutes", "30", "--every", "1s", "--inventory", described()]
    with subprocess.Popen(line, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        process.stdout.readline()
        assert " OK " in process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)
        rest = process.stdout.read()
        code = process.wait(timeout=60)
    assert code == 1
    assert "INTERRUPTED interrupted after" in rest
    assert "of 30m" in rest


# --- config ---


def configured(*words):
    done = fab("config", "--json", *words)
    told = json.loads(done.stdout)
    assert told["exit_code"] == done.returncode, done.stderr
    return told, done


def states(told, name):
    """Give the state of a variable here and in each program that runs."""
    row = next(each for each in told["variables"] if each["variable"] == name and each["service"] == "backend")
    return row["here"], {(each["host"], each["state"]) for each in row["running"]}


def test_the_variables_of_what_runs_are_as_the_yaml_and_the_secrets_say(fleet):
    told, done = configured()
    assert done.returncode == 0
    assert told["findings"] == []
    assert {each["service"] for each in told["variables"]} == {"backend", "frontend"}
    assert states(told, "DATABASE_PASSWORD") == ("ok", {("web1", "ok"), ("web2", "ok")})


def test_missing_empty_and_stale_variables_are_named_without_any_value(fleet, described, tmp_path):
    (tmp_path / "redis").write_text("anotherpassword\n")
    path = described(
        services={"backend": {"environment": {"NODE_ENV": "elsewhere", "STORAGE_BUCKET": "ours", "BLANK": ""}}},
        secrets={"DB_PASSWORD": {"file": "nowhere"}, "REDIS_PASSWORD": {"file": str(tmp_path / "redis")}},
    )
    told, done = configured("--inventory", path)
    assert done.returncode == 1
    both = ("web1", "web2")
    assert states(told, "DATABASE_PASSWORD") == ("missing", {(host, "unknown") for host in both})
    assert states(told, "REDIS_PASSWORD") == ("ok", {(host, "stale") for host in both})
    assert states(told, "NODE_ENV") == ("ok", {(host, "stale") for host in both})
    assert states(told, "STORAGE_BUCKET") == ("ok", {(host, "missing") for host in both})
    assert states(told, "BLANK") == ("empty", {(host, "missing") for host in both})
    assert states(told, "PORT") == ("ok", {(host, "ok") for host in both})
    secret = (REPOSITORY / ".handrail/lab/secrets/REDIS_PASSWORD").read_text().strip()
    shown = done.stdout + done.stderr + fab("config", "--inventory", path).stdout
    assert not [value for value in ("anotherpassword", "elsewhere", "ours", secret) if value in shown]


def test_what_is_stale_is_a_warning_that_a_restart_mends(fleet, described):
    path = described(services={"backend": {"environment": {"NODE_ENV": "elsewhere"}}})
    told, done = configured("--service", "backend", "--inventory", path)
    assert done.returncode == 0
    assert {(each["level"], each["what"]) for each in told["findings"]} == {("WARN", "backend NODE_ENV")}
    assert "fab restart" in told["findings"][0]["text"]


def test_a_program_that_does_not_run_is_named(fleet):
    slot = fleet.ask().slot
    fleet.sh("web2", f"systemctl stop sanvi-frontend@{slot}")
    try:
        told, done = configured("--service", "frontend")
    finally:
        fleet.sh("web2", f"systemctl start sanvi-frontend@{slot}")
    assert [(each["what"], each["host"], each["text"]) for each in told["findings"]] == [
        ("frontend", "web2", "does not run")
    ]
    assert done.returncode == 1
