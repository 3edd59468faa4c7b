"""What hosts are asked to do for a rehearsal; a host may be a service host and an edge."""

from __future__ import annotations

from pathlib import Path

import pytest

from handrail.model.fleet import Do, Outcome
from handrail.model.host_state import HostState
from handrail.model.intent import Intent, Verb
from tests.unit.test_commands import GATE, HEALTHY, RELEASE, SLOTS, asked, named, run

# Every web host is an edge as well.
BOTH = Path("inventories/sanvi.yaml").read_text().replace("  hosts: edge\n", "  hosts: web\n")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch):
    for name in ("SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")


@pytest.fixture
def going():
    web = HostState(slots=SLOTS, healthy=HEALTHY, good=tuple(SLOTS.values()), gate=GATE, staged={RELEASE: "0" * 64})
    return run(Intent(Verb.REHEARSE), {"web1": web, "web2": web, "db1": HostState()}, text=BOTH)


def test_the_configuration_of_an_edge_is_left_alone(going):
    assert going.fleet.roles.edges == going.fleet.roles.services
    assert [command.scripts[-1] for command in asked(going, Do.READY, "web1")] == ["ready_slot"]
    restart = run(Intent(Verb.RESTART), going.fleet.states, text=BOTH)
    assert "ready_edge" in [command.scripts[-1] for command in asked(restart, Do.READY, "web1")]


def test_the_release_goes_to_the_idle_slot_and_is_started_and_stopped_there(going):
    (ready,) = asked(going, Do.READY, "web1")
    assert ready.arguments[4:6] == ("blue", RELEASE)
    (stage,) = asked(going, Do.STAGE, "web1")
    assert stage.arguments[4:7] == (RELEASE, "0" * 64, "")
    start, stop = (asked(going, do, "web1") for do in (Do.START, Do.STOP))
    assert (named(start), named(stop)[0]) == (["frontend"], "frontend")
    assert {command.arguments[4] for command in (*start, *stop)} == {"blue"}


def test_nothing_becomes_good_by_a_rehearsal_and_nothing_ceases_to_be(going):
    for host in ("web1", "web2"):
        for do in (Do.LEASE, Do.STAGE, Do.READY, Do.START, Do.STOP):
            going.fleet.record(do, host, Outcome.OK)
    (finish,) = asked(going, Do.FINISH, "web1")
    good, keep, bad = finish.arguments[5:8]
    assert (good, bad, keep) == ("", "", "5")
    assert "traffic stayed on green" in finish.arguments[4]
