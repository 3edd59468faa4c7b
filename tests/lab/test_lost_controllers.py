"""Controllers that die, are stopped by their operator, sleep, or meet each other: the hosts go on by themselves."""

from __future__ import annotations

import pytest

from tests.lab.inventory import CONFIRM_SECONDS, LEASE_SECONDS

pytestmark = pytest.mark.lab

# A timer's accuracy, the steps on the way, and a machine that does something else.
MARGIN_SECONDS = 10


# The conformance suite kills it before and after the cutover, on every runtime.
@pytest.mark.parametrize("step", ["verify"])
def test_a_fleet_whose_controller_died_serves_the_old_release_by_itself(fleet, start, load, quick, step):
    with load() as running:
        run = start("deploy", inventory=quick, release="1.1.0")
        run.wait_for_step(step)
        run.kill()
        held = start("deploy", inventory=quick, release="1.5.0")
        assert held.wait() == 4, held.end
        fleet.eventually(
            "the edge is back", lambda: fleet.consistent("1.0.0"), seconds=CONFIRM_SECONDS + MARGIN_SECONDS
        )
        fleet.eventually("the leases are over", fleet.leases_expired, seconds=LEASE_SECONDS + MARGIN_SECONDS)
        assert fleet.served() == "1.0.0"
        again = start("deploy", inventory=quick, release="1.1.0")
        assert again.wait() == 0, again.end
        assert fleet.served() == "1.1.0"
    report = running.report()
    assert report.failed == 0, report.failures


@pytest.mark.parametrize("step", ["start", "bake"])
def test_ctrl_c_goes_back_and_releases_the_lease_at_once(fleet, start, load, step):
    before = fleet.slots_running()
    with load() as running:
        # 1.6.0 takes five seconds to start
        run = start("deploy", release="1.6.0" if step == "start" else "1.1.0")
        run.wait_for_begin(step)
        run.interrupt()
        assert run.wait() == 1
        assert fleet.consistent("1.0.0")
    report = running.report()
    assert report.failed == 0, report.failures
    assert "stopped by the operator" in run.end["text"]
    assert fleet.leases() == {}, run.steps("finish")
    assert "interrupted" in {event["outcome"] for event in run.steps(step)}
    assert fleet.slots_running() == before
    assert "failed" in {outcome for _, _, outcome in fleet.records("web1")}
    again = start("deploy", release="1.5.0")
    assert again.wait() == 0, again.end


def test_of_two_deploys_at_once_one_wins_and_the_other_learns_who_did(fleet, start, load):
    with load() as running:
        both = [start("deploy", release="1.1.0"), start("deploy", release="1.5.0")]
        codes = [run.wait() for run in both]
    assert sorted(codes) == [0, 4]
    winner, loser = (both[codes.index(code)] for code in (0, 4))
    assert loser.end["outcome"] == "held"
    (token,) = {entry["token"] for entry in fleet.journal("web1") if entry["run"] == winner.end["run"]}
    holder = next(entry["result"] for entry in fleet.journal("web1") if entry["token"] == token)
    assert holder in loser.end["text"]
    assert fleet.served() == winner.end["what"].split(" -> ")[1]
    assert running.report().failed == 0
    assert fleet.leases() == {}


def test_a_controller_that_slept_through_its_lease_changes_nothing_when_it_wakes(fleet, start, load, quick):
    with load() as running:
        sleeper = start("deploy", inventory=quick, release="1.6.0")
        sleeper.wait_for_step("ready", "web1")
        sleeper.wait_for_step("ready", "web2")
        sleeper.pause()
        fleet.eventually("its leases are over", fleet.leases_expired, seconds=LEASE_SECONDS + MARGIN_SECONDS)
        other = start("deploy", inventory=quick, release="1.1.0")
        assert other.wait() == 0, other.end
        before = fleet.snapshot()
        sleeper.resume()
        assert sleeper.wait() == 4
        assert fleet.snapshot() == before
    assert "the lease was taken over" in sleeper.end["text"]
    assert fleet.consistent("1.1.0")
    assert running.report().failed == 0
