"""Datastores and the edge as units of systemd, and the questions that datastores are asked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from handrail.hosts.survey import edge_unit
from handrail.model.document import parse
from handrail.model.fleet import Outcome
from handrail.orchestration.commands.unit import take_in_site
from handrail.runtimes import UNITS
from handrail.runtimes.systemd_unit import SystemdUnits
from handrail.runtimes.unit import Unit
from tests.unit.host_folder import Host

SANVI = Path("inventories/sanvi.yaml")
POSTGRES = Unit("sanvi", "/opt/sanvi", "postgresql", "postgresql")
# A systemctl that knows units by files: what is active, what is enabled, what a unit wants, what does not start.
SYSTEMCTL = """#!/bin/sh
cd "$UNITS_FOLDER" || exit 9
echo "$*" >>asked
verb=$1
for unit; do :; done
case $verb in
show) cat "wants.$unit" 2>/dev/null; exit 0 ;;
is-enabled) [ -f "enabled.$unit" ] ;;
is-active) [ -f "active.$unit" ] ;;
enable) touch "enabled.$unit" ;;
start) [ ! -f "broken.$unit" ] && touch "active.$unit" ;;
stop) shift; for unit; do rm -f "active.$unit"; done ;;
esac
"""
NGINX = """#!/bin/sh
echo "nginx $*" >>"$UNITS_FOLDER/asked"
[ "$1" != -t ] || [ ! -f "$UNITS_FOLDER/bad.conf" ]
"""
SS = """#!/bin/sh
for question; do :; done
[ "$question" != "sport = :80" ] || cat "$UNITS_FOLDER/listens" 2>/dev/null
"""


@pytest.fixture
def units(tmp_path, monkeypatch):
    """Give a folder that stands for systemd."""
    folder, shims = tmp_path / "units", tmp_path / "shims"
    folder.mkdir()
    shims.mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("nginx", NGINX), ("ss", SS)):
        (shims / name).write_text(text)
        (shims / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{shims}:{os.environ['PATH']}")
    monkeypatch.setenv("UNITS_FOLDER", str(folder))
    return folder


def put(units, *names):
    for name in names:
        (units / name).touch()


def sh(argv):
    return subprocess.run(argv, capture_output=True, check=False).returncode


def active(units):
    return sorted(path.name.removeprefix("active.") for path in units.glob("active.*"))


def test_a_unit_that_is_down_is_started_and_started_again_at_boot(units):
    assert sh(SystemdUnits().start(POSTGRES)) == 0
    assert active(units) == ["postgresql"]
    assert (units / "enabled.postgresql").exists()


def test_a_unit_that_runs_is_left_alone(units):
    put(units, "active.postgresql", "enabled.postgresql")
    assert sh(SystemdUnits().start(POSTGRES)) == 77
    assert "start postgresql" not in (units / "asked").read_text()


def test_a_unit_that_does_not_start_is_an_error(units):
    put(units, "broken.postgresql")
    assert sh(SystemdUnits().start(POSTGRES)) == 1


def test_a_unit_is_known_to_run_or_not(units):
    assert sh(SystemdUnits().runs(POSTGRES)) != 0
    put(units, "active.postgresql")
    assert sh(SystemdUnits().runs(POSTGRES)) == 0


def test_members_of_a_unit_are_started_and_stopped_with_it(units):
    (units / "wants.postgresql").write_text("system.slice postgresql@15-main.service other@x.service\n")
    put(units, "active.postgresql", "enabled.postgresql")
    assert sh(SystemdUnits().start(POSTGRES)) == 0
    assert active(units) == ["postgresql", "postgresql@15-main.service"]
    assert sh(SystemdUnits().stop(POSTGRES)) == 0
    assert active(units) == []


def test_states_are_read_by_the_names_of_the_description():
    redis = Unit("sanvi", "/opt/sanvi", "redis", "redis-server")
    assert SystemdUnits().status([POSTGRES, redis])[-2:] == ("postgresql", "redis-server")
    output = (
        "Id=redis-server.service\nActiveState=active\nSubState=running\n\nId=postgresql.service\nActiveState=failed\n"
    )
    states = SystemdUnits().states(output, [POSTGRES, redis])
    assert {name: state.running for name, state in states.items()} == {"postgresql": False, "redis": True}
    assert SystemdUnits().states("", [POSTGRES])["postgresql"].state == "unknown (?)"


def test_packages_brought_the_units_of_systemd_and_no_files_are_sent():
    assert SystemdUnits().files(POSTGRES, text="", variables={}, mounts={}) == ()
    assert isinstance(UNITS["systemd"], SystemdUnits)


@pytest.fixture
def take_in(units):
    system = parse(SANVI.read_text(), source=str(SANVI), environment="prod")
    assert edge_unit(system).unit == "nginx"
    return lambda: subprocess.run(["sh", "-c", take_in_site(system)], capture_output=True, text=True, check=False)


def test_a_configuration_is_taken_in_by_a_reload_where_nginx_runs(units, take_in):
    put(units, "active.nginx", "enabled.nginx")
    assert take_in().returncode == 0
    assert (units / "asked").read_text().splitlines()[-2:] == ["nginx -t", "nginx -s reload"]


def test_a_configuration_is_taken_in_by_a_start_where_nginx_is_down(units, take_in):
    assert take_in().returncode == 0
    assert active(units) == ["nginx"]
    assert "reload" not in (units / "asked").read_text()


def test_a_configuration_that_nginx_refuses_is_not_reloaded(units, take_in):
    put(units, "active.nginx", "enabled.nginx", "bad.conf")
    assert take_in().returncode != 0
    assert "reload" not in (units / "asked").read_text()


def test_a_configuration_is_not_taken_in_where_another_program_has_a_port(units, take_in):
    put(units, "active.nginx", "enabled.nginx")
    python = 'LISTEN 0 511 *:80 *:* users:(("python3",pid=77,fd=3))\n'
    (units / "listens").write_text(python)
    done = take_in()
    assert done.returncode != 0
    assert done.stdout == f"port 80 of the edge is used by another program: {python}"
    assert "reload" not in (units / "asked").read_text()


@pytest.mark.parametrize(
    "line",
    [
        'LISTEN 0 511 *:80 *:* users:(("nginx",pid=8,fd=3),("nginx",pid=7,fd=3))',
        'LISTEN 0 5 [::1]:80 [::]:* users:(("x",pid=9))',
    ],
    ids=["nginx has it", "by IPv6 alone"],
)
def test_a_configuration_is_taken_in_where_nginx_can_listen(units, take_in, line):
    put(units, "active.nginx", "enabled.nginx")
    (units / "listens").write_text(f"{line}\n")
    assert take_in().returncode == 0


def test_a_configuration_is_an_error_where_nginx_does_not_start(units, take_in):
    put(units, "broken.nginx")
    assert take_in().returncode != 0


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    host.take("run-1")
    return host


def datastore(host, verb, *, start="true", stop="true", inside='"$@"', kind="redis", seconds=1):
    words = (verb, "redis", start, stop, "echo its log", inside, kind, 6379, "", "", seconds)
    return host.fenced(1, "run-1", "answers", "datastore", arguments=words, stdin="hunter2")


ANSWERS = 'eval "echo PONG"'


def test_a_datastore_is_started_and_awaited(host, tmp_path):
    reply = datastore(host, "start", start=f"touch {tmp_path}/started", inside=ANSWERS)
    assert (reply.outcome, reply.words) == (Outcome.OK, "redis answers")
    assert (tmp_path / "started").exists()


def test_a_datastore_that_ran_already_is_unchanged(host):
    assert datastore(host, "start", start="(exit 77)", inside=ANSWERS).outcome is Outcome.UNCHANGED


def test_a_datastore_that_does_not_start_shows_its_log(host):
    reply = datastore(host, "start", start="echo no space; false", inside=ANSWERS)
    assert (reply.outcome, reply.words) == (Outcome.FAILED, "redis does not start: no space")
    assert reply.block("log") == "its log"


def test_a_datastore_that_does_not_answer_is_told_after_its_deadline(host):
    reply = datastore(host, "start", inside='eval "echo LOADING"')
    assert (reply.outcome, reply.words) == (Outcome.FAILED, "redis does not answer within 1 s: LOADING")


def test_the_question_is_asked_where_the_datastore_is_with_the_password_in_no_argument(host, tmp_path):
    inside = f'echo "$@" >{tmp_path}/asked; echo "$REDISCLI_AUTH" >{tmp_path}/password; echo PONG'
    assert datastore(host, "start", inside=inside).outcome is Outcome.OK
    assert (tmp_path / "asked").read_text() == "timeout 2 redis-cli -h 127.0.0.1 -p 6379 ping\n"
    assert (tmp_path / "password").read_text() == "hunter2\n"


def test_a_datastore_is_stopped_and_a_stop_that_fails_is_told(host, tmp_path):
    assert datastore(host, "stop", stop=f"touch {tmp_path}/stopped").outcome is Outcome.OK
    assert (tmp_path / "stopped").exists()
    assert datastore(host, "stop", stop="echo busy; false").words == "redis does not stop: busy"


def test_a_datastore_is_asked_without_a_lease(host):
    words = (ANSWERS, "redis", 6379, "", "")
    assert host.run("answers", "ask", arguments=words, stdin="hunter2").words.startswith("answers in ")
    sleeps = ("echo asleep; false", "redis", 6379, "", "")
    reply = host.run("answers", "ask", arguments=sleeps, stdin="hunter2")
    assert (reply.outcome, reply.words) == (Outcome.FAILED, "redis does not answer: asleep")
