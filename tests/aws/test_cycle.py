"""The whole of production on an AWS of moto, from nothing to nothing: built, changed by hand, deployed to, destroyed.

Each test goes on where the one before has ended. What moto lacks or pretends is in lacking.py and in
tests/unit/ecs/plane.py; docs/explanation/aws-cycle.md lists it.
"""

from __future__ import annotations

import json
import time

import pytest

from handrail.model.intent import Verb
from tests.aws.by_hand import CHANGES, client
from tests.aws.census import census, more
from tests.aws.server import KILLED
from tests.aws.system import ANOTHER, PASSWORDS, PREFIX, until
from tests.unit.ecs.aws import push
from tests.unit.ecs.plane import BROKEN, asked

pytestmark = [pytest.mark.aws, pytest.mark.timeout(480)]
RELEASES = ("1.0.0", "1.1.0", "1.1.1", BROKEN)
# Steps of a deploy before its confirmation; from the cutover on a schedule is armed.
UNARMED, ARMED = ("stage", "ready", "start", "migrate"), ("cut over", "verify", "bake", "see that nothing restarts")
# These take no time. From the step before them on one request gets no answer, so that the end comes in their middle.
HELD = {ARMED[0]: ("migrate", "ModifyListener"), ARMED[-1]: ("bake", "DescribeTargetHealth")}
# Where AWS itself tells the same change a second time, of the thing that it belongs to.
TOLD_TWICE = ("aws_s3_bucket.this", "aws_iam_role.revert", 'aws_security_group.this["database"]')
WORSE = 2


def plan(sanvi, *words, verb):
    code, said = sanvi.fab("infra.plan", *words, verb=verb)
    assert code == 0, said
    return said


def armed():
    return [each for each in client("scheduler").list_schedule_groups()["ScheduleGroups"] if each["Name"] != "default"]


@pytest.fixture(scope="module")
def before(sanvi):
    """What the account had before."""
    return census()


@pytest.fixture(scope="module")
def later():
    """What goes on in the background, from one test to another."""
    return {}


def test_the_whole_of_production_is_planned_approved_and_built(sanvi, measured, before):
    with measured.phase("plan"):
        said = plan(sanvi, verb="plan")
    assert {each["action"] for each in said["changes"]} == {"add"}
    sanvi.approved(said["plan"], number="00000a")
    with measured.phase("apply"):
        code, ended = sanvi.fab("infra.apply", "--plan", said["plan"], "--yes", verb="apply")
    assert (code, ended["text"]) == (0, f"{len(said['changes'])} to add: done"), ended


def test_a_second_plan_has_nothing_to_do(sanvi, measured):
    with measured.phase("second plan"):
        said = plan(sanvi, verb="plan-again")
    assert (said["summary"], said["plan"], said["by_hand"]) == ("nothing to do", "", [])


def test_every_change_by_hand_is_found_at_once_and_named(sanvi, measured):
    for change in CHANGES:
        change()
    with measured.phase("drift"):
        code, said = sanvi.fab("infra.drift", verb="drift")
    assert code == WORSE, said
    found = {each["address"]: " ".join([each["how"], *each["details"]]) for each in said["drift"]}
    by_hand = {address for address, words in found.items() if "by hand" in words}
    for change, (address, words) in CHANGES.items():
        assert words in found.get(address, "nothing"), (change.__name__, found.get(address))
    assert {
        each for each in by_hand - {address for address, _ in CHANGES.values()} if not each.endswith(TOLD_TWICE)
    } == set()
    assert ANOTHER not in json.dumps(said)
    measured.drift = [f"{address}: {found[address]}" for address, _ in CHANGES.values()]


def test_a_plan_puts_them_right_and_brings_the_replica(sanvi, measured, later):
    # A secret's value is no part of a plan: it is written again when its number is raised.
    sanvi.describe(database={"replica": True}, secrets={"REDIS_PASSWORD": 2})
    with measured.phase("plan of the repair"):
        said = plan(sanvi, verb="plan-repair")
    assert not said["loses"], said
    sanvi.approved(said["plan"], number="00000b")
    # The provider waits 80 s for the replica; deploys go on meanwhile.
    later["began"] = time.monotonic()
    later["apply"] = sanvi.started("infra.apply", "--plan", said["plan"], "--yes", verb="apply-repair")


def test_a_deploy_a_canary_that_fails_and_a_rollback(sanvi, measured):
    for name in ("backend", "frontend"):
        for release in RELEASES:
            push(name, release, PREFIX)
    with measured.phase("first deploy"):
        assert sanvi.run("deploy", as_verb="deploy-first", release="1.0.0").end["what"] == "nothing -> 1.0.0"
    with asked(sanvi) as bad, measured.phase("deploy"):
        assert cut_over(sanvi, measured, "deploy", release="1.1.0").end["what"] == "1.0.0 -> 1.1.0"
    assert sanvi.served() == "1.1.0"
    with asked(sanvi) as also_bad, measured.phase("rollback"):
        assert cut_over(sanvi, measured, "rollback").end["warm"]
    assert (sanvi.served(), bad, also_bad) == ("1.0.0", [], [])
    measured.failed += len(bad) + len(also_bad)
    with asked(sanvi, every=0.005), measured.phase("canary"):
        run = sanvi.begin("deploy", as_verb="canary", release=BROKEN, share="25")
        assert run.wait() == 1, run.output()
    assert "watch the share failed" in run.end["text"]
    assert not run.steps("cut over")
    assert (sanvi.served(), armed()) == ("1.0.0", [])


def cut_over(sanvi, measured, verb, **data):
    """Run it, and measure from the order to cut over to the moment that all weights have changed."""
    weights = sanvi.plane.weights()
    run = sanvi.begin(verb, **data)
    run.wait_for_begin("cut over")
    began = time.monotonic()
    until("the weights have changed", lambda: not weights & sanvi.plane.weights())
    measured.cutover_seconds.append(round(time.monotonic() - began, 3))
    assert run.wait() == 0, run.output()
    return run


@pytest.mark.parametrize("step", [*UNARMED, *ARMED])
def test_a_controller_is_killed_and_the_old_release_serves_on(sanvi, measured, hasten, step):
    fired, weights = len(sanvi.plane.fired), sanvi.plane.weights()
    with asked(sanvi) as bad, measured.phase(f"killed in {step}"):
        # Of a slot that is warm by now nobody has to see that nothing restarts.
        run = sanvi.begin("deploy", as_verb=KILLED, release="1.1.1" if step == ARMED[-1] else "1.1.0")
        if step in HELD:
            run.wait_for_begin(HELD[step][0])
            sanvi.server.holds = HELD[step][1]
        run.wait_for_begin(step)
        if step == ARMED[0]:
            until("one service has moved, and not the other", lambda: len(sanvi.plane.weights() - weights) == 1)
        run.kill()
        sanvi.server.holds = ""
        if step in ARMED:
            assert armed()
            # One is waited for; EventBridge's clock is put ahead for the others.
            hasten(0 if step == ARMED[0] else 12)
            until("the schedules have fired", lambda: not any_schedule())
    assert (sanvi.served(), bad) == ("1.0.0", [])
    said = f"{len(sanvi.plane.fired) - fired} schedules fired" if step in ARMED else "nothing was armed"
    assert (len(sanvi.plane.fired) > fired) == (step in ARMED)
    measured.killed[step] = f"{said}; 1.0.0 served on, {len(bad)} requests failed"
    measured.failed += len(bad)
    forget_the_lease()


def any_schedule():
    return client("scheduler").list_schedules()["Schedules"]


def forget_the_lease():
    """Let the dead run's lease be over: it lasts ten seconds, and tests/unit/ecs waits for it."""
    client("dynamodb").update_item(
        TableName=f"{PREFIX}-deploys", Key={"id": {"S": "ledger"}}, UpdateExpression="SET lease_until = :past",
        ExpressionAttributeValues={":past": {"N": "1"}},
    )  # fmt: skip


def test_the_next_deploy_finishes_what_they_began(sanvi, measured):
    with asked(sanvi) as bad:
        assert sanvi.run("deploy", as_verb="deploy-after-all", release="1.1.0").end["what"] == "1.0.0 -> 1.1.0"
    code, status = sanvi.fab("status", verb="status")
    assert (code, status["release"], status["leases"], armed(), bad) == (0, "1.1.0", [], [], [])
    measured.requests = sanvi.plane.answered
    assert max(measured.cutover_seconds) < 1


def test_all_is_put_right_and_deploys_were_no_drift(sanvi, measured, later):
    code, said = sanvi.ended(later["apply"])
    measured.seconds["repair and replica, beside the deploys"] = round(time.monotonic() - later["began"], 1)
    assert (code, said["outcome"]) == (0, "done"), said
    with measured.phase("drift, none"):
        code, said = sanvi.fab("infra.drift", verb="drift-none")
    assert (code, said["drift"]) == (0, [])
    value = client("secretsmanager").get_secret_value(SecretId=f"{PREFIX}/REDIS_PASSWORD")["SecretString"]
    assert value == PASSWORDS["SANVI_REDIS_PASSWORD"]


def test_the_database_fails_over_to_its_replica(sanvi, measured):
    old, new = f"{PREFIX}-db", f"{PREFIX}-db-replica"
    with asked(sanvi) as held, measured.phase("failover of the database"):
        run = sanvi.run("promote")
    assert run.end["text"].startswith(f"{new} is the database now"), run.end
    assert {status for status, _ in held} == {503}
    rds = client("rds")
    (there,) = rds.describe_db_instances(DBInstanceIdentifier=new)["DBInstances"]
    assert (there["DBInstanceStatus"], there.get("ReadReplicaSourceDBInstanceIdentifier")) == ("available", None)
    code, status = sanvi.fab("status", verb="status-after-promote")
    assert (code, status["release"], sanvi.served()) == (0, "1.1.0", "1.1.0")
    measured.failover = f"{old} -> {new}; {len(held)} requests got the hold page, none another answer"
    # What handrail took before stays, whatever is destroyed, until somebody deletes it.
    for each in rds.describe_db_snapshots(DBInstanceIdentifier=old, SnapshotType="manual")["DBSnapshots"]:
        rds.delete_db_snapshot(DBSnapshotIdentifier=each["DBSnapshotIdentifier"])


def test_it_is_destroyed_and_nothing_is_left(sanvi, measured, before):
    measured.resources = {name: number for name, number in more(census(), before).items() if number}
    with measured.phase("plan of the destruction"):
        said = plan(sanvi, "--destroy", verb="plan-destroy")
    sanvi.approved(said["plan"], Verb.DESTROY, number="00000c")
    with measured.phase("destroy"):
        code, ended = sanvi.fab("infra.destroy", "--plan", said["plan"], "--destroy-data", "--yes", verb="destroy")
    assert (code, ended["outcome"]) == (0, "done"), ended
    after = census()
    measured.left = more(after, before)
    assert not any(measured.left.values()), {name: after[name] for name, number in measured.left.items() if number}
    measured.good = True
