"""Whole verbs on ECS: pyinfra runs the same tables as on hosts, and AWS is moto with a data plane beside it."""

from __future__ import annotations

import time

from tests.unit.ecs.aws import client
from tests.unit.ecs.plane import asked


def test_what_a_deploy_leaves_in_aws_in_the_table_and_for_the_eye(site):
    first = site.run("deploy", release="1.0.0")
    assert (first.end["what"], first.end["warm"], site.served()) == ("nothing -> 1.0.0", False, "1.0.0")
    code, status = site.fab("status")
    assert (code, status["release"], status["live_slot"], status["leases"]) == (0, "1.0.0", first.end["slot"], [])
    assert {row["state"] for row in status["services"] if row["live"]} == {"2 of 2 tasks"}
    assert status["datastores"] == [
        {"host": "shop-aws-db", "datastore": "postgresql", "state": "available, the database", "running": True}
    ]
    # The image is pinned, secrets are told by name alone, and the program is told which release it is.
    definition = site.plane.ecs.describe_task_definition(f"shop-aws-api-{first.end['slot']}").container_definitions[0]
    assert "@sha256:" in definition["image"]
    assert {one["name"] for one in definition["secrets"]} == {"DATABASE_PASSWORD"}
    assert {"name": "DB_HOST", "value": "db.shop.rds.amazonaws.com"} in definition["environment"]
    assert "planted-4711" not in str(definition) + first.output()
    assert client("scheduler").list_schedules()["Schedules"] == []


def test_a_release_that_does_not_start_gets_no_traffic_and_the_reason_is_told(site):
    site.run("deploy", release="1.0.0")
    said = {
        "1.2.0": "was not healthy within 8 s: 0 of 2 tasks are; Health checks failed with these codes: [503]",
        "1.4.0": "api does not start: out of memory",
        "9.9.9": "the image",
    }
    with asked(site) as bad:
        for release, words in said.items():
            run = site.begin("deploy", release=release)
            assert run.wait() == 1, run.output()
            assert words in run.end["text"], run.end
            assert not run.steps("cut over")
    assert (bad, site.served()) == ([], "1.0.0")
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
    # What it answered is not held against the release that comes after it into its slot.
    assert site.run("deploy", release="1.1.0").end["what"] == "1.0.0 -> 1.1.0"


def test_traffic_is_held_and_let_in(site):
    site.run("deploy", release="1.0.0")
    site.run("hold", message="back at ten")
    assert site.plane.answer("/api/version")[::2] == (503, "back at ten")
    site.run("resume")
    assert site.served() == "1.0.0"


def test_what_has_no_use_on_ecs_is_refused(site):
    run = site.begin("disk")
    assert run.wait() == 2
    assert "fab disk is for hosts" in run.end["text"]


def test_logs_are_searched_in_cloudwatch(site):
    group, at = "/ecs/shop-aws/api", int(time.time() * 1000)
    client("logs").create_log_stream(logGroupName=group, logStreamName="blue/api/1")
    client("logs").put_log_events(
        logGroupName=group, logStreamName="blue/api/1",
        logEvents=[{"timestamp": at, "message": "listens on 3000"}, {"timestamp": at + 1, "message": "GET /"}],
    )  # fmt: skip
    code, entry = site.fab("logs", "api", "--grep", "listens")
    assert (code, entry["host"], entry["text"]) == (0, "blue/api/1", "listens on 3000")
