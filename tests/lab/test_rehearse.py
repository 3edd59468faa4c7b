"""A rollback is rehearsed beside the live slot, with clients all the while: nothing is dropped, no traffic moves."""

from __future__ import annotations

import re

import pytest

from tests.lab.fleet import NAMES, ROOT, RUN, WEB
from tests.lab.inventory import LEASE_SECONDS, inventory

pytestmark = pytest.mark.lab

# A timer's accuracy, the steps on the way, and a machine that does something else.
MARGIN_SECONDS = 10
# The gate and the configuration of an edge: what decides where its requests go.
EDGE_FILES = f"ls -lR --time-style=full-iso {ROOT}/gate; cat {ROOT}/gate/record; stat -c '%n %Y %i' /etc/nginx/conf.d/*"


def test_a_rehearsal_drops_nothing_and_the_rollback_afterwards_works(fleet, start, load):
    with load() as running:
        assert start("deploy", release="1.1.0").wait() == 0
        assert fleet.slots_running()["web1"] == {"blue", "green"}
        before, good = fleet.sh("edge", EDGE_FILES), fleet.good("web1")
        running.mark("rehearse")
        rehearsal = start("rehearse")
        assert rehearsal.wait() == 0, rehearsal.end
        assert re.match(r"1\.1\.0 was healthy on every host after \d+\.\d s, in the idle slot ", rehearsal.end["text"])
        assert (rehearsal.end["what"], rehearsal.end["warm"]) == ("1.1.0", False)
        assert (fleet.served(), fleet.sh("edge", EDGE_FILES), fleet.good("web1")) == ("1.1.0", before, good)
        assert {event["host"] for event in rehearsal.steps("stop")} == set(WEB)
        live = "blue" if rehearsal.end["slot"] == "green" else "green"
        assert fleet.slots_running() == {"web1": {live}, "web2": {live}}
        assert fleet.leases() == {}
        running.mark("rollback")
        back = start("rollback")
        assert back.wait() == 0, back.end
        assert (back.end["what"], back.end["warm"]) == ("1.1.0 -> 1.0.0", False)
        assert fleet.served() == "1.0.0"
    report = running.report()
    assert report.failed == 0, report.failures
    assert [fleet.records(host)[-2][0] for host in NAMES] == ["rehearse"] * len(NAMES)


def test_an_earlier_release_can_be_rehearsed_by_its_name(fleet, start):
    assert start("deploy", release="1.1.0").wait() == 0
    rehearsal = start("rehearse", release="1.0.0")
    assert rehearsal.wait() == 0, rehearsal.end
    assert (rehearsal.end["what"], fleet.served()) == ("1.0.0", "1.1.0")
    unknown = start("rehearse", release="9.9.9")
    assert unknown.wait() == 2
    assert "9.9.9 is not on the hosts" in unknown.end["text"]


@pytest.mark.parametrize("step", ["start", "stop"])
def test_a_rehearsal_whose_controller_died_moves_nothing_and_can_be_run_again(fleet, start, load, quick, step):
    with load() as running:
        rehearsal = start("rehearse", inventory=quick)
        rehearsal.wait_for_begin(step)
        rehearsal.kill()
        fleet.eventually("the leases are over", fleet.leases_expired, seconds=LEASE_SECONDS + MARGIN_SECONDS)
        assert fleet.served() == "1.0.0"
        again = start("rehearse", inventory=quick)
        assert again.wait() == 0, again.end
        assert fleet.served() == "1.0.0"
    report = running.report()
    assert report.failed == 0, report.failures


def test_a_rehearsal_that_is_interrupted_stops_what_it_started(fleet, start, load):
    before = fleet.slots_running()
    with load() as running:
        rehearsal = start("rehearse")
        rehearsal.wait_for_begin("start")
        rehearsal.interrupt()
        assert rehearsal.wait() == 1
    assert running.report().failed == 0
    assert "stopped by the operator" in rehearsal.end["text"]
    assert (fleet.slots_running(), fleet.leases(), fleet.served()) == (before, {}, "1.0.0")
    # Nobody waits for the health of what was stopped: the next run need not wait, either.
    for host in WEB:
        fleet.sh(host, f"flock -x -w 3 {RUN}/lock true")


def test_a_slot_with_an_unconfirmed_cutover_is_not_emptied_for_a_rehearsal(fleet, start, load, tmp_path):
    # A short lease, and a cutover that stays unconfirmed for longer than it.
    slow = inventory(tmp_path / "slow", {"times": {"drain": "1s", "bake": "10s", "confirm": "30s", "lease": "10s"}})
    with load() as running:
        deploy = start("deploy", inventory=slow, release="1.1.0")
        deploy.wait_for_begin("bake")
        deploy.kill()
        fleet.eventually("the leases are over", fleet.leases_expired, seconds=LEASE_SECONDS + MARGIN_SECONDS)
        rehearsal = start("rehearse", inventory=slow)
        assert rehearsal.wait() == 2, rehearsal.end
        assert "nothing was touched" in rehearsal.end["text"]
        assert fleet.served() == "1.1.0"
        fleet.eventually("the edge is back", lambda: fleet.consistent("1.0.0"), seconds=60)
    assert running.report().failed == 0
