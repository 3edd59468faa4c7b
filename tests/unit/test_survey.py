"""What a host is asked in one round trip, and how its answer is read: sections for each runtime, health, instances."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from handrail.control.inventory import read
from handrail.hosts import survey
from handrail.hosts.script import Reply
from handrail.model.fleet import Outcome
from handrail.model.host_state import UnitState
from handrail.model.slot import Slot
from handrail.runtimes.systemd import Systemd
from tests.unit.host_folder import Host, answering
from tests.unit.test_environment import SANVI, environment

BACKEND, FRONTEND = ("backend", Slot.BLUE), ("frontend", Slot.BLUE)


class Sevens:
    """A runtime that prints each instance with a seven, and whose daemon sleeps."""

    def usable(self, _instances):
        return ("sh", "-c", "echo the daemon sleeps; exit 3")

    def status(self, instances):
        return ("printf", "%s 7\n", *(one.process for one in instances))

    def states(self, output, instances):
        known = dict(line.split(" ") for line in output.splitlines())
        return {one.place: UnitState(state=known[one.process]) for one in instances if one.process in known}


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture
def mixed(monkeypatch):
    """Sanvi, whose frontend runs under another runtime than its backend."""
    monkeypatch.setattr(survey, "RUNTIMES", {"systemd": Systemd(), "pm2": Sevens()})
    before, frontend = SANVI.split("\n  frontend:\n", 1)
    return environment(text=f"{before}\n  frontend:\n{frontend.replace('runtime: systemd', 'runtime: pm2', 1)}")


@pytest.fixture
def port():
    """Serve on two ports, one after the other: the first is well, the second is not."""
    with answering(200, 500) as first:
        yield first


def reply(*lines):
    return Reply(Outcome.OK, "surveyed", lines)


def state(*lines, on="web1", of=None):
    return survey.read_state(reply(*lines), of or environment(), on)


def look(host, *groups, ask=()):
    return host.run("survey", "end", arguments=("sanvi", *groups, "--", *ask))


def tell(host, *files):
    folder = host.root / "gate/instances"
    folder.mkdir(exist_ok=True)
    for file in files:
        (folder / file).touch()


def test_a_host_is_asked_once_for_each_of_its_runtimes_and_each_slot_of_its_services(mixed):
    name, *words = survey.survey_arguments(mixed, "web1")
    groups, asked = words[: words.index("--")], words[words.index("--") + 1 :]
    assert name == "sanvi"
    assert groups[0::3] == ["systemd", "pm2"]
    assert "sanvi-backend@green.service" in groups[2]
    assert "sanvi-frontend.4-green" in groups[5]
    assert list(zip(*(asked[at::5] for at in range(5)), strict=True)) == [
        ("backend", "blue", "3000", "/health", "2"),
        ("backend", "green", "3010", "/health", "2"),
        ("frontend", "blue", "3001", "/", "2"),
        ("frontend", "green", "3011", "/", "2"),
    ]


def test_datastores_are_asked_in_a_section_of_their_own():
    words = survey.survey_arguments(environment(), "db1")
    assert words[1:3] == ("systemd-units", "true")
    assert words[3].endswith("postgresql redis-server")
    assert words[4:] == ("--",)


def test_each_runtime_answers_in_a_section_of_its_own(host, mixed):
    told = look(host, "systemd", ":", "echo Id=sanvi-backend@blue.service", "pm2", ":", "echo sanvi-frontend.2-green 7")
    assert told.block("units systemd") == "Id=sanvi-backend@blue.service"
    assert told.block("units pm2") == "sanvi-frontend.2-green 7"
    units = survey.read_state(told, mixed, "web1").units
    assert units["backend", Slot.BLUE, 1].state.startswith("unknown")
    assert units["frontend", Slot.GREEN, 2].state == "7"
    assert ("frontend", Slot.GREEN, 1) not in units


def test_a_runtime_that_does_not_work_says_why_and_is_asked_nothing_more(host, mixed):
    told = look(host, "pm2", "echo first; echo the daemon sleeps; false", "echo asked", "systemd", ":", "echo Id=x")
    assert list(told.values("unusable")) == ["pm2: the daemon sleeps"]
    assert "asked" not in told.lines
    assert told.block("units systemd") == "Id=x"
    known = survey.read_state(told, mixed, "web1")
    assert known.unusable == ("pm2: the daemon sleeps",)
    assert not any(service == "frontend" for service, _, _ in known.units)


def test_a_runtime_that_works_and_does_not_tell_what_runs_is_not_usable(host, mixed):
    told = look(host, "pm2", ":", "sh -c 'exit 75'", "systemd", ":", "echo Id=x; false")
    assert survey.read_state(told, mixed, "web1").unusable == ("pm2: it does not tell within 10 s what runs",)
    assert told.block("units systemd") == "Id=x"


def test_the_command_of_a_host_asks_the_runtime_itself_whether_it_works(host, mixed):
    words = survey.survey_arguments(mixed, "web1")
    pm2 = words[words.index("pm2") : words.index("--")]
    assert list(look(host, *pm2).values("unusable")) == ["pm2: the daemon sleeps"]


def test_a_docker_that_hangs_costs_its_datastores_and_not_the_host(host, tmp_path, monkeypatch):
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text("#!/bin/sh\ncase $1 in version) echo no answer within 5 s; exit 1 ;; *) sleep 60 ;; esac\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:{os.environ['PATH']}")
    inventory = read(Path("inventories/marketplace/lab.py"))
    marketplace, on = inventory.load().environment, "market1"
    words = survey.survey_arguments(marketplace, on)
    told = look(host, *words[words.index("compose-units") : words.index("--")])
    assert list(told.values("unusable")) == ["compose-units: no answer within 5 s"]
    stores = survey.read_state(told, marketplace, on).datastores
    assert {(name, unit.state, unit.running) for name, unit in stores.items()} == {
        (name, "unknown: no answer within 5 s", False) for name in ("postgres", "redis")
    }


def test_datastores_are_read_by_their_names():
    show = ["Id=postgresql.service", "ActiveState=active", "SubState=exited", "", "Id=redis-server.service"]
    known = state("units systemd-units begin", *show, "units systemd-units end", on="db1")
    assert [(name, unit.running) for name, unit in known.datastores.items()] == [("postgresql", True), ("redis", False)]


def test_a_service_that_no_host_was_told_of_is_asked_for_its_first_instance(host, port):
    assert [line.rsplit(" ", 1)[0] for line in look(host, ask=("web", "blue", port, "/", "2")).values("health")] == [
        "web blue 1 200"
    ]


def test_all_instances_that_a_host_was_told_of_are_asked(host, port):
    tell(host, "web.2", "web-x.3")
    told = look(host, ask=("web", "blue", port, "/", "2", "api", "blue", port, "/", "2"))
    health = [line.rsplit(" ", 1)[0] for line in told.values("health")]
    assert health == ["web blue 1 200", "web blue 2 500", "api blue 1 200"]
    assert sorted(told.values("instances")) == ["web 2", "web-x 3"]


def test_while_the_number_changes_the_higher_one_counts(host, port):
    tell(host, "web.1", "web.10", "web.2")
    told = look(host, ask=("web", "blue", port, "/", "2"))
    assert len(list(told.values("health"))) == 10
    assert survey.read_state(told, environment(), "web1").instances == {"web": 10}


def test_a_service_is_healthy_in_a_slot_only_if_all_of_its_instances_are():
    one, two = "health frontend blue 1 200 0.002", "health frontend blue 2 200 0.003"
    assert FRONTEND in state(one, two).healthy
    assert FRONTEND not in state(one, two.replace("200", "500")).healthy
    assert FRONTEND not in state(one.replace("200", "000"), two).healthy


def test_a_service_that_did_not_answer_is_not_healthy_and_slots_and_services_are_told_apart():
    known = state(
        "health backend blue 1 200 0.001", "health backend green 1 000 0", "health frontend green 1 200 0.001"
    )
    assert known.healthy == {BACKEND, ("frontend", Slot.GREEN)}
    assert state().healthy == frozenset()


def test_another_status_may_mean_healthy():
    text = SANVI.replace("health: {path: /health, status: 200,", "health: {path: /health, status: 204,")
    of = environment(text=text)
    assert state("health backend blue 1 204 0.001", of=of).healthy == {BACKEND}
    assert state("health backend blue 1 200 0.001", of=of).healthy == frozenset()


def test_every_probe_is_kept_with_its_place():
    known = state("health frontend blue 2 200 0.25")
    assert known.health["frontend", Slot.BLUE, 2].seconds == 0.25


@pytest.mark.parametrize(
    ("lines", "token"), [((), None), (("record 7 green",), 7), (("record 0 blue",), 0), (("record blue",), 0)]
)
def test_an_edge_that_nobody_ever_told_is_told_from_one_that_was_told_by_hand(lines, token):
    assert state(*lines, on="edge1").gate.record_token == token


def test_each_answer_has_the_time_that_its_service_has(host):
    with answering(200, 200, late_seconds=0.5) as port:
        told = look(host, ask=("web", "blue", port, "/", "0.1", "api", "blue", port + 1, "/", "5"))
    assert [line.rsplit(" ", 1)[0] for line in told.values("health")] == ["web blue 1 000", "api blue 1 200"]
