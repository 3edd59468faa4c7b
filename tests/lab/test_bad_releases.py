"""Releases that must not stay: one is never healthy, one fails behind the edge, the bytes of one are damaged."""

from __future__ import annotations

import time

import pytest

from tests.lab.failures import asked_between, began, ended, failed_at
from tests.lab.fleet import NAMES
from tests.lab.inventory import inventory

pytestmark = pytest.mark.lab

# From the answer of the host to the clock of this machine, and from the gate file to nginx's next request.
SLACK_SECONDS = 0.5
# The units of what runs, and whether those beside them would be started at boot.
DESCRIBED = "systemctl cat $(systemctl list-units --plain --no-legend 'sanvi-*@*.service' | cut -d' ' -f1)"
REJECTED = """
cd /etc/systemd/system
for one in sanvi-backend@?*.service sanvi-frontend@?*.service; do
    systemctl is-active -q $one || systemctl is-enabled $one || :
done
"""


def test_a_release_that_is_not_healthy_on_one_host_gets_no_traffic_anywhere(fleet, start, load, tmp_path):
    new = {"command": ["node", "--max-old-space-size=80", "server.js"], "health": {"deadline": "10s"}}
    impatient = inventory(tmp_path, {"services": {"backend": new}})
    before, described = fleet.slots_running(), fleet.sh("web1", DESCRIBED)
    with load() as running:
        run = start("deploy", inventory=impatient, release="1.2.0")
        assert run.wait() == 1
    report = running.report()
    assert report.failed == 0, report.failures
    assert report.first_response_of("1.2.0") is None
    assert fleet.served() == "1.0.0"
    assert fleet.slots_running() == before
    assert fleet.sh("web1", DESCRIBED) == described, "what serves starts again as it was started"
    assert fleet.sh("web1", REJECTED).split() == ["disabled"] * 2
    assert all(part in run.end["text"] for part in ("web2", "503", "never healthy on web2")), run.end["text"]
    (event,) = run.steps("start", "web2")
    assert "last answer: 503" in event["log"]
    assert "backend 1.2.0 listens on" in event["log"]
    assert not run.steps("cut over")
    assert fleet.good("web1") == ["1.0.0"]
    assert fleet.leases() == {}


def test_a_release_that_fails_behind_the_edge_is_left_at_once(fleet, start, load):
    with load() as running:
        run = start("deploy", release="1.3.0")
        assert run.wait() == 1
        running.mark("after")
        time.sleep(1)
    report = running.report()
    assert "every edge is back on the old release" in run.end["text"]
    assert fleet.served() == "1.0.0"
    (cut_over,), (back,) = run.steps("cut over"), run.steps("go back")
    moments = failed_at(report)
    assert moments, "1.3.0 had no traffic: this test shows nothing"
    assert began(cut_over) <= min(moments)
    assert max(moments) <= ended(back) + SLACK_SECONDS
    assert report.phase("after").failed == 0
    assert fleet.slots_running()["web1"] == fleet.slots_running()["web2"] == {fleet.ask().slot}
    assert all(("deploy", "1.0.0 -> 1.3.0", "failed") in fleet.records(host) for host in NAMES)
    assert fleet.good("web1") == ["1.0.0"]


def test_a_canary_that_fails_takes_its_share_of_requests_and_no_more(fleet, start, load):
    with load(rate=200) as running:
        run = start("deploy", release="1.3.0", share="10")
        assert run.wait() == 1
    report = running.report()
    assert not run.steps("cut over")
    assert "watch the share failed on edge" in run.end["text"]
    (share,), (back,) = run.steps("share"), run.steps("go back")
    # It has its share from some moment of the first step to some moment of the other one.
    asked = asked_between(report, began(share), ended(back))
    failed = len(failed_at(report))
    assert 0 < failed <= 0.2 * asked, f"{failed} of {asked}"
    assert max(failed_at(report)) <= ended(back) + SLACK_SECONDS
    assert fleet.served() == "1.0.0"
    assert fleet.consistent("1.0.0")


def test_a_canary_that_is_well_gets_everything_in_the_end(fleet, start, load):
    with load() as running:
        run = start("deploy", release="1.1.0", share="25")
        assert run.wait() == 0, run.end
    assert running.report().failed == 0
    assert fleet.consistent("1.1.0")


def test_a_damaged_artifact_touches_nothing(fleet, start):
    before = fleet.snapshot()
    run = start("deploy", release="1.4.0")
    assert run.wait() == 1
    assert "digest" in run.end["text"]
    assert run.events == []
    assert fleet.snapshot() == before
