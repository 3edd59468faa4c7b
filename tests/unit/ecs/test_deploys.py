"""Whole verbs on ECS: pyinfra runs the same tables as on hosts, and AWS is moto with a data plane beside it."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest

from tests.unit.ecs.aws import client


@contextmanager
def asked(site, *, every=0.05):
    """Ask all the while; give the answers that were no 200."""
    over, bad = threading.Event(), []

    def ask():
        while not over.wait(every):
            status, headers, _ = site.plane.answer("/api/version")
            if status != 200:
                bad.append((status, headers))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield bad
    finally:
        over.set()
        thread.join()


def test_a_deploy_a_rollback_and_what_is_left_of_them(site):
    first = site.run("deploy", release="1.0.0")
    assert first.end["what"] == "nothing -> 1.0.0"
    with asked(site) as bad:
        second = site.run("deploy", release="1.1.0")
        assert (second.end["what"], second.end["warm"], site.served()) == ("1.0.0 -> 1.1.0", False, "1.1.0")
        back = site.run("rollback")
        assert (back.end["what"], back.end["warm"], site.served()) == ("1.1.0 -> 1.0.0", True, "1.0.0")
    assert bad == []
    code, status = site.fab("status")
    assert (code, status["release"], status["live_slot"], status["leases"]) == (0, "1.0.0", first.end["slot"], [])
    assert {row["state"] for row in status["services"] if row["live"]} == {"2 of 2 tasks"}
    code, health = site.fab("health")
    assert (code, {one["level"] for one in health["findings"]}) == (0, {"OK"})
    code, history = site.fab("history")
    assert [(run["verb"], run["outcome"]) for run in history["runs"]] == [("deploy", "done")] * 2 + [
        ("rollback", "done")
    ]
    # The image is pinned, secrets are told by name alone, and the program is told which release it is.
    definition = site.plane.ecs.describe_task_definition("shop-aws-api-green").container_definitions[0]
    assert "@sha256:" in definition["image"]
    assert {one["name"] for one in definition["secrets"]} == {"DB_PASSWORD"}
    assert {"name": "DB_HOST", "value": "db.shop.rds.amazonaws.com"} in definition["environment"]
    assert "planted-4711" not in str(definition) + second.output()
    assert client("scheduler").list_schedules()["Schedules"] == []


@pytest.mark.parametrize(
    ("release", "said"),
    [
        ("1.2.0", "was not healthy within"),
        ("1.4.0", "out of memory"),
        ("9.9.9", "the image"),
    ],
)
def test_a_release_that_does_not_come_up_gets_no_traffic(site, release, said):
    site.run("deploy", release="1.0.0")
    with asked(site) as bad:
        run = site.begin("deploy", release=release)
        assert run.wait() == 1, run.output()
    assert bad == []
    assert said in run.end["text"], run.end
    assert not run.steps("cut over")
    assert site.served() == "1.0.0"
    assert not site.fab("status")[1]["leases"]


def test_a_release_that_fails_behind_the_load_balancer_is_left_at_once(site):
    site.run("deploy", release="1.0.0")
    run = site.begin("deploy", release="1.3.0")
    assert run.wait() == 1
    assert "answers 500 through the load balancer" in run.end["text"]
    assert site.served() == "1.0.0"
    assert client("scheduler").list_schedules()["Schedules"] == []


def test_a_canary_has_its_share_and_goes_back_when_it_fails(site):
    site.run("deploy", release="1.0.0")
    with asked(site, every=0.005) as bad:
        run = site.begin("deploy", release="1.3.0", share="25")
        assert run.wait() == 1, run.output()
    assert "watch the share failed" in run.end["text"]
    assert len(bad) > 0
    assert not run.steps("cut over")
    assert site.served() == "1.0.0"


@pytest.mark.parametrize("step", ["stage", "start", "cut over", "bake"])
def test_a_controller_that_is_killed_leaves_the_release_that_worked_and_the_next_run_finishes(site, step):
    site.run("deploy", release="1.0.0")
    with asked(site) as bad:
        run = site.begin("deploy", release="1.1.0")
        run.wait_for_begin(step)
        run.kill()
        site.until(
            "the schedule has put the weights back", lambda: site.served() == "1.0.0" and not armed(), seconds=40
        )
        site.until("the lease is over", lambda: not site.fab("status")[1]["leases"], seconds=40)
        again = site.run("deploy", release="1.1.0")
    assert again.end["what"] == "1.0.0 -> 1.1.0"
    assert (site.served(), bad) == ("1.1.0", [])


def armed():
    return client("scheduler").list_schedules()["Schedules"]


def test_scale_restart_hold_resume_shutdown_and_startup(site):
    site.run("deploy", release="1.0.0")
    site.run("scale", service="web", count="4")
    live = site.fab("status")[1]["live_slot"]
    assert site.scaled()[f"web-{live}"] == 4
    with asked(site) as bad:
        site.run("restart")
    other = site.fab("status")[1]["live_slot"]
    assert (bad, other != live, site.scaled()[f"web-{other}"]) == ([], True, 4)
    site.run("hold", message="back at ten")
    assert site.plane.answer("/api/version")[::2] == (503, "back at ten")
    site.run("resume")
    assert site.served() == "1.0.0"
    site.run("shutdown")
    assert set(site.scaled().values()) == {0}
    assert site.plane.answer("/")[0] == 503
    site.run("startup")
    assert (site.served(), site.scaled()[f"web-{other}"]) == ("1.0.0", 4)


def test_what_has_no_use_on_ecs_is_refused(site):
    run = site.begin("disk")
    assert run.wait() == 2
    assert "there is nothing to disk on ECS" in run.end["text"]


def test_logs_are_searched_in_cloudwatch(site):
    group, at = "/ecs/shop-aws/api", int(time.time() * 1000)
    client("logs").create_log_stream(logGroupName=group, logStreamName="blue/api/1")
    client("logs").put_log_events(
        logGroupName=group, logStreamName="blue/api/1",
        logEvents=[{"timestamp": at, "message": "listens on 3000"}, {"timestamp": at + 1, "message": "GET /"}],
    )  # fmt: skip
    code, entry = site.fab("logs", "api", "--grep", "listens")
    assert (code, entry["host"], entry["text"]) == (0, "blue/api/1", "listens on 3000")
