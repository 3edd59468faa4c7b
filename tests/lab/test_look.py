"""The verbs that only look: status, health, history, logs, verify, dry runs. They change nothing on any host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from handrail.control.connections import Connections
from handrail.control.inventory import Inventory, read
from handrail.hosts.script import Command
from tests import started
from tests.lab.controller import INVENTORY, ROOT
from tests.lab.inventory import inventory

pytestmark = pytest.mark.lab
FAB = [str(Path(sys.executable).with_name("fab"))]


def fab(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a task as an operator would, from the repository."""
    environment = os.environ | {"HANDRAIL_INVENTORY": str(INVENTORY), "COLUMNS": "160"} | variables
    line = [*FAB, *words]
    return started.run(line, cwd=ROOT, env=environment, timeout=120)


def test_status_shows_every_service_in_its_slot_and_where_the_traffic_goes(fleet):
    done = fab("status", "--json")
    seen = json.loads(done.stdout)
    assert done.returncode == 0
    assert (seen["release"], seen["live_slot"]) == ("1.0.0", fleet.ask().slot)
    live = {
        (row["host"], row["service"]) for row in seen["services"] if row["live"] and row["running"] and row["healthy"]
    }
    assert live == {(host, service) for host in ("web1", "web2") for service in ("backend", "frontend")}
    assert {row["datastore"] for row in seen["datastores"] if row["running"]} == {"postgresql", "redis"}


def test_status_names_a_host_that_cannot_be_reached_and_ends_with_one(fleet):
    fleet.container("pause", "web2")
    try:
        done = fab("status")
    finally:
        fleet.container("unpause", "web2")
    assert done.returncode == 1
    assert "web2: cannot be reached" in done.stdout


def test_health_asks_everything_from_the_database_to_the_edge(fleet):
    done = fab("health", "--json")
    findings = json.loads(done.stdout)["findings"]
    assert [finding["what"] for finding in findings] == [
        "postgresql", "redis", "backend", "frontend", "backend", "frontend", "edge"
    ]  # fmt: skip
    assert {finding["level"] for finding in findings} == {"OK"}
    assert done.returncode == 0


def test_health_is_an_alert_when_redis_is_down(fleet):
    fleet.sh("db", "systemctl stop redis-server")
    try:
        done = fab("health")
    finally:
        fleet.sh("db", "systemctl start redis-server")
    assert done.returncode == 1
    assert any("ALERT" in line and "redis" in line for line in done.stdout.splitlines())


def test_history_tells_who_did_what_when_and_how_it_ended(fleet, start):
    deploy = start("deploy", release="1.1.0")
    deploy.wait()
    last = json.loads(fab("history", "--json").stdout)["runs"][-1]
    assert (last["verb"], last["what"], last["outcome"]) == ("deploy", "1.0.0 -> 1.1.0", "done")
    assert "@" in last["who"]
    assert last["seconds"] > 0
    assert "1.0.0 -> 1.1.0" in fab("history").stdout


def test_logs_of_all_hosts_are_merged_by_time_and_searched(fleet, tmp_path):
    done = fab("logs", "backend", "--since", "1h", "--grep", "listens on", "--json")
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert {entry["host"] for entry in entries} == {"web1", "web2"}
    assert [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
    assert all("listens on" in entry["text"] for entry in entries)
    file = tmp_path / "out.log"
    assert fab("logs", "frontend", "--lines", "2", "--output", str(file)).returncode == 0
    assert "sanvi-frontend" in file.read_text()


def test_logs_of_the_hosts_that_answer_are_shown_when_one_does_not(fleet):
    fleet.container("pause", "web2")
    try:
        done = fab("logs", "backend", "--lines", "3")
    finally:
        fleet.container("unpause", "web2")
    assert done.returncode == 1
    assert "web1" in done.stdout
    assert "no logs from web2" in done.stderr


def test_logs_are_followed(fleet):
    line = [*FAB, "logs", "backend", "--follow", "--lines", "1", "--json", "--inventory", str(INVENTORY)]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        first = json.loads(process.stdout.readline())
        process.terminate()
    assert first["host"] in {"web1", "web2"}


def test_verify_says_that_the_system_is_as_described_and_finds_what_is_not(fleet, start):
    start("deploy", release="1.1.0").wait()
    done = fab("verify")
    assert done.returncode == 0, done.stdout[-3000:]
    fleet.sh("web2", "chmod 644 /opt/sanvi/env/*/*.env; chmod o+w /opt/sanvi/releases/*")
    try:
        done = fab("verify")
    finally:
        fleet.sh("web2", "chmod 600 /opt/sanvi/env/*/*.env; chmod o-w /opt/sanvi/releases/*")
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if "FAILED" in line and "web2" in line]
    for name in ("test_environment_file_is_for_its_owner_alone", "test_releases_cannot_be_changed"):
        assert any(name in line for line in failed), failed


@pytest.mark.parametrize("words", [("deploy", "1.1.0"), ("restart",), ("shutdown", "--with-database"), ("startup",)])
def test_dry_run_says_what_would_be_done_where_and_changes_nothing(fleet, words):
    before = fleet.snapshot()
    done = fab(*words, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    steps = {step["title"]: step["hosts"] for step in json.loads(done.stdout)["steps"]}
    assert steps["Record and release the lease"] == ["db", "edge", "web1", "web2"]
    if words[0] == "deploy":
        assert steps["Start the idle slot: backend"] == ["web1", "web2"]
        assert steps["Cut over, armed to revert"] == ["edge"]
    assert fleet.snapshot() == before
    assert fleet.leases() == {}


def test_pyinfra_dry_run_changes_nothing_either(fleet):
    before = fleet.snapshot()
    line = [sys.executable, "-m", "pyinfra", "--dry", str(INVENTORY), "deploys/deploy.py", "--data", "release=1.1.0"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert fleet.snapshot() == before


def test_fab_deploys_and_rolls_back_with_the_exit_codes_of_the_project(fleet, tmp_path):
    done = fab("deploy", "1.1.0", "--yes", "--json")
    end = json.loads(done.stdout)
    assert (done.returncode, end["exit_code"], end["outcome"], end["what"]) == (0, 0, "done", "1.0.0 -> 1.1.0")
    assert fleet.served() == "1.1.0"
    assert fab("rollback", "--yes").returncode == 0
    assert fleet.served() == "1.0.0"
    impatient = inventory(tmp_path, {"services": {"backend": {"health": {"deadline": "5s"}}}})
    assert fab("deploy", "1.2.0", "--yes", "--inventory", str(impatient)).returncode == 1
    assert fab("deploy", "9.9.9", "--yes").returncode == 2
    assert fleet.served() == "1.0.0"


def test_migration_of_a_release_is_applied_once_by_its_deploy(fleet):
    ask = "runuser -u postgres -- psql -At sanvi -c \"SELECT count(*) FROM schema_migrations WHERE name LIKE '002%'\""
    fab("deploy", "1.1.0", "--yes")
    assert fleet.sh("db", ask).strip() == "1"
    assert fab("rollback", "--yes").returncode == 0
    done = fab("deploy", "1.1.0", "--yes", "--json")
    said = {event["step"]: event["words"] for event in json.loads(done.stdout)["events"]}
    assert "nothing to do" in said["migrate"]
    assert fleet.sh("db", ask).strip() == "1"


def test_rollback_goes_to_a_named_release_that_is_no_longer_warm(fleet):
    for release in ("1.1.0", "1.5.0"):
        assert fab("deploy", release, "--yes").returncode == 0
    done = fab("rollback", "--release", "1.0.0", "--yes", "--json")
    end = json.loads(done.stdout)
    assert (done.returncode, end["what"], end["warm"]) == (0, "1.5.0 -> 1.0.0", False)
    assert fleet.served() == "1.0.0"
    assert fleet.good("web1")[-1] == "1.0.0"
    assert "1.5.0" not in fleet.good("web1")


def test_unknown_host_key_is_refused(fleet, tmp_path):
    strange = read(INVENTORY)
    (tmp_path / "known_hosts").touch()
    data = {
        name: {**values, "ssh_known_hosts_file": str(tmp_path / "known_hosts")} for name, values in strange.data.items()
    }
    with Connections(Inventory(INVENTORY, strange.groups, data)) as connections:
        reply = connections.ask("web1", Command(("end",), ("/", "/run")))
    assert "not found in known_hosts" in reply.words
