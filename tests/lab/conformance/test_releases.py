"""Good releases: no request is dropped, whatever runs them."""

from __future__ import annotations

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

pytestmark = pytest.mark.lab


def test_deploy_and_rollback_drop_no_request(subject, load, table):
    before, after = subject.served(), subject.other()
    with load() as requests:
        time.sleep(1)
        began = time.monotonic()
        subject.run("deploy", release=after)
        deployed = time.monotonic() - began
        assert subject.served() == after
        began = time.monotonic()
        subject.run("rollback")
        rolled_back = time.monotonic() - began
        time.sleep(1)
    report = requests.report()
    table[subject.runtime] = {
        "requests": report.requests,
        "failed": report.failed,
        "deploy_seconds": round(deployed, 1),
        "rollback_seconds": round(rolled_back, 1),
    }
    assert subject.served() == before
    assert report.failed == 0, report.failures[:5]


def test_restart_drops_no_request(subject, load):
    release, slot = subject.served(), subject.status()["live_slot"]
    with load() as requests:
        subject.run("restart")
        time.sleep(0.5)
    assert requests.report().failed == 0, requests.report().failures[:5]
    assert subject.served() == release
    assert subject.status()["live_slot"] != slot


def test_request_that_takes_5_s_during_the_cutover_is_answered(subject):
    before, asked = subject.served(), []

    def ask() -> tuple[int, str, float]:
        with urllib.request.urlopen(f"{subject.url}/api/slow?seconds=5", timeout=30) as response:  # noqa: S310  # loopback
            response.read()
            return response.status, response.headers["X-Release"], time.monotonic()

    deploy = subject.begin("deploy", release=subject.other())
    deploy.wait_for_step("start")
    with ThreadPoolExecutor(max_workers=100) as clients:
        while not deploy.steps("cut over"):
            assert deploy.process.poll() is None, deploy.end
            asked.append(clients.submit(ask))
            time.sleep(0.5)
        cut_over = time.monotonic()
        answers = [each.result() for each in asked]
    assert deploy.wait() == 0, deploy.end
    assert {status for status, _, _ in answers} == {200}
    assert before in {release for _, release, ended in answers if ended > cut_over}


def test_scale_up_and_down_drops_no_request(subject, load):
    with load() as requests:
        subject.run("scale", service=subject.scaled, count="3")
        time.sleep(0.5)
        assert subject.running() == 3
        subject.run("scale", service=subject.scaled, count="1")
        time.sleep(0.5)
    assert requests.report().failed == 0, requests.report().failures[:5]
    assert subject.running() == 1


def test_every_release_gets_as_many_instances_as_the_one_before(subject):
    before = subject.served()
    subject.run("deploy", release=subject.fresh())
    subject.run("scale", service=subject.scaled, count="2")
    try:
        # Warm, with fewer instances than the live slot has by now; then from nothing, where others still run.
        subject.run("rollback")
        assert (subject.served(), subject.running()) == (before, 2)
        subject.run("deploy", release=subject.fresh())
        assert subject.running() == 2
    finally:
        subject.run("scale", service=subject.scaled, count="1")


def test_what_was_live_is_live_again_after_a_reboot_of_the_hosts(subject):
    subject.run("deploy", release=subject.other())
    release = subject.served()
    for host in subject.service_hosts:
        subject.reboot(host)
    subject.eventually(f"{release} is served", lambda: subject.served() == release, seconds=90)
    subject.eventually("all is healthy", lambda: subject.fab("health").returncode == 0)
    assert subject.status()["release"] == release


def test_startup_mends_what_is_in_a_crash_loop(subject):
    release, live, host = subject.served(), subject.status()["live_slot"], subject.service_hosts[0]
    subject.crash(live, host, times=3)
    subject.signal(live, host, "STOP")  # it runs and does not answer, so that startup leaves it alone and waits for it
    startup = subject.begin("startup")
    try:
        startup.wait_for_begin("start")
        time.sleep(3)
    finally:
        subject.signal(live, host, "CONT")
    assert startup.wait() == 0, startup.end
    assert subject.served() == release


def test_shutdown_and_startup(subject):
    release = subject.served()
    subject.run("shutdown")
    assert not subject.served()
    assert not any(row["running"] for row in subject.status()["services"])
    subject.run("startup")
    assert subject.served() == release
