"""Hosts that are away, die, fill up or start again in the middle of a change."""

from __future__ import annotations

import pytest

from tests.lab.failures import failed_at
from tests.lab.fleet import ROOT, WEB

pytestmark = pytest.mark.lab

# Requests that the host may have begun to answer when it died; all others are tried on the other host.
HALF_ANSWERED = 5


def test_a_host_that_cannot_be_reached_stops_a_deploy_before_anything_is_touched(fleet, start):
    before = fleet.snapshot()
    fleet.sh("web2", "systemctl stop ssh")
    run = start("deploy", release="1.1.0")
    assert run.wait() == 1
    assert "web2" in run.end["text"]
    assert "nothing was touched" in run.end["text"]
    assert fleet.snapshot() == before


def test_a_host_that_dies_while_it_starts_the_release_is_named_and_the_old_one_keeps_serving(fleet, start, load):
    with load() as running:
        # 1.6.0 takes five seconds to start
        run = start("deploy", release="1.6.0")
        for host in WEB:
            run.wait_for_step("ready", host)
        fleet.container("kill", "web2")
        assert run.wait() == 1
        assert fleet.served() == "1.0.0"
    report = running.report()
    assert "web2" in run.end["text"]
    assert "nothing that is served has changed" in run.end["text"]
    assert report.failed <= HALF_ANSWERED, report.failures
    assert report.first_response_of("1.6.0") is None


def test_a_full_disk_is_named_and_leaves_nothing_half_done(fleet, start, load):
    fleet.sh("web2", f"mount -t tmpfs -o size=16k tmpfs {ROOT}/releases")
    with load() as running:
        run = start("deploy", release="1.1.0")
        assert run.wait() == 1
    assert running.report().failed == 0
    assert "stage failed on web2" in run.end["text"]
    assert "No space left on device" in run.end["text"]
    assert fleet.releases("web2") == set()
    assert fleet.served() == "1.0.0"
    assert not fleet.files("web2", "/tmp/handrail-*")  # noqa: S108  # the upload's place


def test_a_cutover_survives_a_restart_of_nginx(fleet, start, load):
    with load() as running:
        run = start("deploy", release="1.1.0")
        run.wait_for_step("verify")
        before = running.mark("restart of nginx")
        fleet.sh("edge", "systemctl restart nginx")
        after = running.mark("since then")
        assert run.wait() == 0, run.end
    # connections that nginx closed while it restarted are its own doing
    elsewhere = [moment for moment in failed_at(running.report()) if not before <= moment <= after + 0.5]
    assert elsewhere == []
    assert fleet.consistent("1.1.0")


def test_an_edge_that_reboots_before_the_confirmation_is_back_on_the_old_release(fleet, start):
    old = fleet.ask().slot
    run = start("deploy", release="1.1.0")
    run.wait_for_step("verify")
    fleet.container("restart", "edge", "--time=0")
    # nobody can say yet what an edge serves that went away in the middle
    assert run.wait() == 5
    assert "edge" in run.end["text"]
    fleet.eventually("the edge serves again", lambda: fleet.served() == "1.0.0")
    assert fleet.unconfirmed() == set()
    assert fleet.record() == old
    assert start("deploy", release="1.1.0").wait() == 0
    assert fleet.served() == "1.1.0"


def test_what_was_live_before_a_reboot_is_live_after_it(fleet, start, load):
    assert start("deploy", release="1.1.0").wait() == 0
    live = fleet.ask().slot
    for host in ("web2", "edge"):
        fleet.container("restart", host, "--time=0")
    fleet.eventually("web2 runs it again", lambda: {f"backend@{live}", f"frontend@{live}"} <= fleet.running("web2"))
    fleet.eventually("the edge serves it again", lambda: fleet.served() == "1.1.0")
    port = {"blue": 3000, "green": 3010}[live]
    fleet.eventually("web2 is healthy", lambda: "200" in fleet.sh("web2", _status(port)))
    with load() as running:
        assert start("startup").wait() == 0
    assert running.report().failed == 0
    assert fleet.ask().slot == live


def _status(port: int) -> str:
    return f"curl -s -o /dev/null -w '%{{http_code}}' --max-time 2 http://127.0.0.1:{port}/health || :"


def test_the_hold_page_goes_up_and_down_while_a_service_host_is_away(fleet, start):
    fleet.sh("web2", "systemctl stop ssh")
    told(start("hold", message="Back at 14:00"))
    assert fleet.ask().status == 503
    assert fleet.ask().body == "Back at 14:00\n"
    told(start("resume"))
    assert fleet.served() == "1.0.0"


def told(run):
    """Wait for a good end. pyinfra's own exit code is another one here: it counts the host that it could not reach."""
    run.process.wait(timeout=60)
    run.wait_for_step("finish", "edge")
    assert run.end["exit_code"] == 0, run.output()
