"""A failover to the replica by whole commands: moto's RDS says yes and does nothing, `plane.py` does what RDS does."""

from __future__ import annotations

import pytest
from moto.rds.models import RDSBackend

from tests.unit.ecs import databases
from tests.unit.ecs.aws import PREFIX, client
from tests.unit.ecs.databases import MAIN, REPLICA, instance, record, snapshots, url
from tests.unit.ecs.plane import asked, begins

POINT = "promote the replica"


@pytest.fixture
def pair(site, keys):
    """Give a site with a database and a replica, and a release that serves."""
    keys.setenv("SHOP_DB_URL", "unused")
    keys.setattr(RDSBackend, "promote_read_replica", begins("modifying", RDSBackend.promote_read_replica))
    keys.setattr(RDSBackend, "create_db_snapshot", begins("creating", RDSBackend.create_db_snapshot))
    site.zone = databases.build()
    site.inventory.with_name("shop.yaml").write_text(databases.yaml(site.port))
    site.first = site.run("deploy", release="1.0.0")
    return site


def named(site, slot):
    """Name the database that the tasks of a slot are told of."""
    arn = next(each.task_definition for each in site.plane.ecs.services.values() if each.name.endswith(f"api-{slot}"))
    variables = site.plane.ecs.describe_task_definition(arn).container_definitions[0]["environment"]
    host = next(each["value"] for each in variables if each["name"] == "DB_HOST")
    return {instance(name)["Endpoint"]["Address"]: name for name in (MAIN, REPLICA)}[host]


def over():
    """Let the time of a dead run's lease pass."""
    client("dynamodb").update_item(
        TableName=f"{PREFIX}-deploys", Key={"id": {"S": "ledger"}},
        UpdateExpression="SET lease_until = :past", ExpressionAttributeValues={":past": {"N": "1"}},
    )  # fmt: skip


def test_the_replica_becomes_the_database_and_nothing_is_told_of_the_old_one(pair):
    # The deploy that migrated had a snapshot taken before.
    order = [event["step"] for event in pair.first.events if event["outcome"] != "running"]
    assert order.index("take a snapshot") < order.index("migrate")
    assert [name[:16] for name in snapshots(MAIN)] == ["shop-aws-1-0-0-2"]
    client("rds").stop_db_instance(DBInstanceIdentifier=MAIN)
    code, plan = pair.fab("database.promote", "--dry-run", "--lag-accepted", "5m")
    assert (code, plan["what"]) == (0, f"database {MAIN} -> {REPLICA}")
    assert f"no way back to {MAIN}. LOST: what was written after" in plan["note"]
    assert [each["title"] for each in plan["steps"]].count("Promote the replica: no way back from here") == 1
    client("rds").start_db_instance(DBInstanceIdentifier=MAIN)
    with asked(pair) as held:
        run = pair.run("promote")
    assert {status for status, _ in held} == {503}
    assert run.end["text"].startswith(f"{REPLICA} is the database now")
    assert (named(pair, run.end["slot"]), pair.served()) == (REPLICA, "1.0.0")
    new = instance(REPLICA)
    assert (new["DBInstanceStatus"], new.get("ReadReplicaSourceDBInstanceIdentifier")) == ("available", None)
    assert new["BackupRetentionPeriod"] == 7
    assert record(pair.zone) == [new["Endpoint"]["Address"]]
    assert url() == f"postgresql://shop:planted-4711@{new['Endpoint']['Address']}/shop"
    assert "planted-4711" not in run.output() + str(run.events)
    assert len(snapshots(MAIN)) == 2
    # The old slot's tasks are told of the old database: none is left, and none is warm.
    assert sorted(pair.scaled().values()) == [0, 0, 2, 2]
    code, status = pair.fab("status")
    assert (code, status["failover"], status["release"]) == (0, "", "1.0.0")
    assert [(row["host"], row["state"]) for row in status["datastores"]] == [
        (REPLICA, "available, the database"), (MAIN, "available, used by nobody: no copy, and not the database"),
    ]  # fmt: skip
    assert pair.fab("history")[1]["runs"][-1]["what"] == f"database {MAIN} -> {REPLICA}"


def test_what_fails_goes_back_and_a_run_goes_on_where_one_that_was_killed_ended(pair):
    late = pair.begin("promote")
    late.wait_for_begin("hold traffic")
    pair.plane.behind(1000.0)
    assert late.wait() == 1
    assert "still lacks the last" in late.end["text"]
    assert f"nothing was promoted: {MAIN} serves as before" in late.end["text"]
    assert (named(pair, pair.first.end["slot"]), pair.served(), late.steps(POINT)) == (MAIN, "1.0.0", [])
    pair.plane.behind(0.0)
    first = pair.begin("promote")
    first.wait_for_begin("hold traffic")
    pair.plane.behind(1000.0)
    first.wait_for_begin("wait for the replica")
    first.kill()
    pair.plane.behind(0.0)
    pair.plane.promotes = False
    over()
    second = pair.begin("promote")
    assert second.wait() == 5
    assert f"{REPLICA} is modifying, a copy of {MAIN} still" in second.end["text"]
    assert f"there is no way back to {MAIN}; traffic is held; next: fab database.promote goes on" in second.end["text"]
    assert second.steps("start the services again") == []
    assert (set(pair.scaled().values()), pair.served()) == ({0}, "")
    pair.plane.promotes = True
    third = pair.begin("promote")
    third.wait_for_begin("start")
    third.kill()
    over()
    code, status = pair.fab("status")
    assert (code, "is half done: fab database.promote goes on" in status["failover"]) == (5, True)
    last = pair.run("promote")
    assert (last.steps("take a snapshot"), last.steps(POINT)[0]["outcome"]) == ([], "unchanged")
    assert (named(pair, last.end["slot"]), pair.served()) == (REPLICA, "1.0.0")
    assert sorted(pair.scaled().values()) == [0, 0, 2, 2]
