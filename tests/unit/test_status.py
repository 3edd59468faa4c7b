"""Status and health of services that have several instances."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handrail.control import health
from handrail.control.check import check
from handrail.control.look import Look
from handrail.control.restarts import risen
from handrail.control.status import status
from handrail.control.variables import variables
from handrail.hosts.script import Reply
from handrail.model.fleet import Outcome
from handrail.model.host_state import Gate, HostState, Probe, UnitState
from handrail.model.level import Level
from handrail.model.restarts import Restarts
from handrail.model.roles import roles_of
from handrail.model.slot import Slot
from handrail.secrets import Secret
from tests.unit.test_environment import environment

RELEASE = "1.1.0-000000000000"
NAMES = ("backend", "frontend")
SECRETS = {"DB_PASSWORD": Secret("one"), "REDIS_PASSWORD": Secret("two")}


def look(*, running=(1, 2), well=(1, 2), told=2):
    """See a fleet whose frontend runs these instances in the live slot, of which these are well."""
    web = HostState(
        slots={Slot.GREEN: RELEASE},
        units={
            ("frontend", slot, number): UnitState(running=slot is Slot.GREEN and number in running)
            for slot in Slot
            for number in (1, 2, 3, 4)
        },
        health={
            ("frontend", Slot.GREEN, number): Probe(200 if number in well else 0, number / 10)
            for number in range(1, told + 1)
        },
        healthy=frozenset((name, Slot.GREEN) for name in NAMES if name == "backend" or len(well) == told),
        instances={"frontend": told},
        free_kilobytes=1 << 30,
    )
    edge = HostState(gate=Gate(Slot.GREEN, 3), free_kilobytes=1 << 30)
    states = {"web1": web, "web2": web, "edge1": edge, "edge2": edge, "db1": HostState(free_kilobytes=1 << 30)}
    return Look(environment(), roles_of(environment()), states, {})


def rows(seen):
    return [
        (row["slot"], row["instance"], row["running"], row["healthy"])
        for row in status(seen)["services"]
        if (row["host"], row["service"]) == ("web1", "frontend")
    ]


def test_each_instance_that_runs_has_a_row_and_those_that_only_may_have_none():
    assert rows(look()) == [("blue", 1, False, False), ("green", 1, True, True), ("green", 2, True, True)]


def test_an_instance_that_should_run_and_does_not_has_a_row():
    assert ("green", 2, False, False) in rows(look(running=(1,), well=(1,)))


def frontend(seen):
    found = next(one for one in health._services(seen) if (one.what, one.host) == ("frontend", "web1"))
    return found.level, found.text


def test_health_tells_of_the_instance_that_is_worst_off():
    assert frontend(look()) == (Level.OK, "200 in 200 ms on green, instance 2")
    assert frontend(look(well=(2,))) == (Level.ALERT, "no answer on green, instance 1")
    assert frontend(look(well=(1,))) == (Level.ALERT, "no answer on green, instance 2")


def test_health_of_a_service_that_has_one_instance_names_none():
    assert frontend(look(well=(1,), told=1)) == (Level.OK, "200 in 100 ms on green")


def test_a_host_whose_runtime_does_not_answer_is_told_and_no_proof_of_one_release():
    seen = look()
    seen.states["web2"] = replace(
        seen.states["web2"], units={}, unusable=("docker: no answer within 5 s",), slots={Slot.GREEN: "0.9.0-b"}
    )
    told = status(seen)
    assert told["unusable"] == {"web2": ["docker: no answer within 5 s"]}
    assert (told["consistent"], told["mixed"]) == (False, True)


class Nobody:
    """Hosts that answer nothing."""

    def on_each(self, hosts, ask):
        return {host: ask(host) for host in hosts}

    def ask(self, *_):
        return Reply(Outcome.UNKNOWN, "no answer", ())


def without(host):
    seen = look()
    states = {name: state for name, state in seen.states.items() if name != host}
    return replace(seen, states=states, lost={host: "cannot be reached"})


@pytest.mark.parametrize("host", ["web1", "web2", "db1", "edge1"])
def test_a_host_that_is_lost_is_an_alert_and_all_others_are_judged(host):
    seen = without(host)
    told = check(seen, Nobody(), names=["services", "health"], secrets=SECRETS, base=Path())
    assert [(finding.level, finding.host) for finding in told["hosts"]] == [(Level.ALERT, host)]
    hosts = {finding.host for findings in told.values() for finding in findings}
    assert {"web1", "web2"} <= hosts or host == "edge1"
    assert list(risen(seen, Nobody(), Restarts(), secrets=SECRETS)) == []


@pytest.mark.parametrize("host", ["web1", "web2"])
def test_variables_are_told_of_hosts_that_answer(host):
    seen = without(host)
    services = tuple(seen.environment.system.services.values())
    assert host not in {one.host for one in variables(seen, Nobody(), services=services, base=Path()).programs}
