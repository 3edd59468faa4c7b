"""Bad releases: nothing of them stays, and the reason is named, whatever runs them."""

from __future__ import annotations

import time

import pytest

pytestmark = pytest.mark.lab


def fails(subject, release, inventory=None):
    """Deploy a release that must fail, and give what the report says."""
    before = subject.served()
    deploy = subject.begin("deploy", inventory, release=release)
    assert deploy.wait() == 1, deploy.end
    assert subject.served() == before
    return deploy.end["text"]


def test_release_that_is_not_healthy_gets_no_traffic(subject, changed, load):
    # A busy machine needs some seconds to start a program, and more for a container.
    seconds = 12
    inventory = changed({"health": {"deadline": f"{seconds}s"}})
    with load() as requests:
        text = fails(subject, "1.2.0", inventory)
        time.sleep(0.5)
    assert f"was not healthy within {seconds} s" in text
    assert "never healthy on" in text
    report = requests.report()
    assert report.failed == 0, report.failures[:5]
    assert report.first_response_of("1.2.0") is None


def test_release_that_exits_at_once_is_told_from_a_slow_one(subject):
    text = fails(subject, "1.8.0")
    assert "died before it was healthy" in text or "does not start" in text


def test_release_that_dies_within_the_bake_is_left_at_once(subject):
    # Nobody asks: only its runtime can tell.
    text = fails(subject, "1.7.0")
    assert "was started again" in text or "no longer healthy" in text or "answered" in text


def test_missing_variable_is_named(subject):
    assert "a variable is missing: STORAGE_BUCKET" in fails(subject, "1.9.0")


def test_database_that_cannot_be_reached_is_named(subject, changed):
    text = fails(subject, "1.11.0", changed({"environment": {"DATABASE_PORT": 1}}))
    assert "cannot be reached" in text


def test_memory_that_is_used_up_is_named(subject, changed):
    text = fails(subject, "1.10.0", changed({"memory": "96M", "health": {"deadline": "20s"}}))
    assert "out of memory" in text


def test_port_in_use_is_named(subject):
    idle = {"blue": "green", "green": "blue"}[subject.status()["live_slot"]]
    host = subject.service_hosts[0]
    port = subject.instance(idle).port
    subject.stop(idle, host)
    # it leaves by itself, so that a test that is broken off leaves the port to the next one
    unit = "systemd-run --quiet --collect --unit=squatter --property=RuntimeMaxSec=90"
    subject.sh(host, f"{unit} socat TCP-LISTEN:{port},fork,reuseaddr /dev/null")
    try:
        text = fails(subject, subject.other())
    finally:
        subject.sh(host, "systemctl kill --signal=KILL squatter")
    assert "its port is in use" in text


@pytest.mark.parametrize("step", ["cut over", "stage"])
def test_controller_that_is_killed_leaves_the_release_that_worked(subject, quick, load, step):
    before = subject.served()
    with load() as requests:
        deploy = subject.begin("deploy", quick, release=subject.fresh())
        deploy.wait_for_step(step)
        deploy.kill()
        subject.eventually("the edge is back", lambda: not subject.pending(), seconds=40)
        time.sleep(0.5)
        assert subject.served() == before
    assert requests.report().failed == 0, requests.report().failures[:5]
    subject.eventually("the lease has expired", lambda: not subject.status()["leases"], seconds=30)
