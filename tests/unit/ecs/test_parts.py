"""The parts of a cluster against moto, each by itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from types import SimpleNamespace

import pytest
from moto import mock_aws

from handrail.ecs.address import Record, Vault
from handrail.ecs.clients import Clients
from handrail.ecs.cluster import Cluster
from handrail.ecs.instances import TAG, Instances
from handrail.infra.identity import session_of
from handrail.model.aws_variables import aws_of
from handrail.model.databases import Lag, Promotion
from handrail.model.document import parse
from handrail.model.environment import Environment, Host
from handrail.model.fleet import Outcome
from handrail.model.intent import Verb
from handrail.model.slot import Slot
from handrail.orchestration.cloud.database import catch_up
from handrail.orchestration.cloud.snapshot import take
from tests.unit.ecs import aws, databases

CLUSTER, DATABASE = Host("@ecs/shop", "shop.example.com"), Host("@ecs/db", "db.example.com")


@pytest.fixture
def cluster(keys):
    keys.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    with mock_aws():
        aws.build()
        system = parse(aws.YAML.replace("@PORT@", "80"), source="shop.yaml", environment="aws")
        environment = Environment("aws", system, {"cluster": (CLUSTER,), "database": (DATABASE,)})
        here = aws_of(environment)
        yield Cluster(environment, Clients(session_of(here), here))


def test_a_new_system_is_one_host_with_all_traffic_on_blue(cluster):
    state = cluster.look(exact=True)
    assert (state.gate.slot, state.gate.settled, state.lease) == (Slot.BLUE, True, None)
    assert state.healthy == frozenset()
    assert {unit.state for unit in state.units.values()} == {"0 of 0 tasks"}


def test_a_look_takes_as_many_questions_for_ten_services_as_for_two(cluster):
    cluster.look(exact=False)
    assert sum(cluster.clients.asked.values()) == 6, cluster.clients.asked
    many = {f"s{number}-{slot}": f"shop-aws-s{number}-{slot}" for number in range(10) for slot in Slot}
    slots = replace(cluster.slots, place=replace(cluster.place, services=many))
    cluster.clients.asked.clear()
    assert slots.counts() == {}
    assert cluster.clients.asked == {"ecs.DescribeServices": 2}


def test_one_run_at_a_time_has_the_lease_and_a_later_one_a_higher_token(cluster):
    first, kept = cluster.ledger.take("one", "anna (deploy)", seconds=30)
    assert (first, kept.fence) == (Outcome.OK, 1)
    second, kept = cluster.ledger.take("two", "ben (deploy)", seconds=30)
    assert (second, kept.lease.holder) == (Outcome.HELD, "anna (deploy)")
    assert cluster.ledger.renew(1, seconds=-1)
    third, kept = cluster.ledger.take("two", "ben (deploy)", seconds=30)
    assert (third, kept.fence) == (Outcome.OK, 2)
    assert not cluster.ledger.renew(1, seconds=30)
    assert not cluster.ledger.mine(1)
    assert cluster.ledger.finish(2, "{}", good=("1.0.0-a",), counts={"api": 3})
    kept = cluster.ledger.read()
    assert (kept.lease, kept.fence, kept.good, kept.records) == (None, 2, ("1.0.0-a",), ("{}",))


def test_the_traffic_moves_in_every_rule_and_goes_back_unless_confirmed(cluster):
    now = cluster.ledger.read().now
    armed = cluster.revert.arm(cluster.listener, Slot.BLUE, token=7, now=now, seconds=60)
    cluster.listener.move(Slot.GREEN)
    assert cluster.listener.read().slot is Slot.GREEN
    state = cluster.look(exact=False)
    assert (state.gate.slot, state.gate.confirmed, state.gate.settled) == (Slot.GREEN, Slot.BLUE, False)
    assert 50 < state.gate.pending[0].seconds_left <= 60
    scheduler = aws.client("scheduler")
    due = [
        scheduler.get_schedule(GroupName=armed.group, Name=each["Name"])
        for each in scheduler.list_schedules(GroupName=armed.group)["Schedules"]
    ]
    # What EventBridge would call, called: every weight is as it was.
    for each in due:
        fire(each)
    assert cluster.listener.read().slot is Slot.BLUE
    cluster.revert.disarm()
    assert cluster.revert.armed() == []
    assert scheduler.list_schedules()["Schedules"] == []


def fire(schedule):
    verb = schedule["Target"]["Arn"].rpartition(":")[2]
    call = {"modifyRule": "modify_rule", "modifyListener": "modify_listener"}[verb]
    getattr(aws.client("elbv2"), call)(**json.loads(schedule["Target"]["Input"]))


def test_a_share_of_the_traffic_is_no_slot(cluster):
    cluster.listener.move(Slot.GREEN, 10)
    seen = cluster.listener.read()
    assert (seen.slot, seen.share(Slot.GREEN), seen.share(Slot.BLUE)) == (None, 10, 90)


def test_the_hold_page_is_one_rule_before_all_others(cluster):
    cluster.listener.hold("we are back at ten")
    cluster.listener.hold("at eleven")
    rules = aws.client("elbv2").describe_rules(ListenerArn=cluster.place.listener)["Rules"]
    (held,) = [rule for rule in rules if rule["Priority"] == "1"]
    assert held["Actions"][0]["FixedResponseConfig"] == {
        "MessageBody": "at eleven", "StatusCode": "503", "ContentType": "text/plain",
    }  # fmt: skip
    assert cluster.look(exact=False).gate.maintenance
    cluster.listener.resume()
    assert not cluster.listener.read().hold
    assert cluster.listener.read().slot is Slot.BLUE


@pytest.fixture(scope="module")
def with_database():
    """Give a system with a database; made once, for these look at different parts of it."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        aws.build()
        zone = databases.build()
        system = parse(databases.yaml(80), source="shop.yaml", environment="aws")
        environment = Environment("aws", system, {"cluster": (CLUSTER,), "database": (DATABASE,)})
        here = aws_of(environment)
        yield Cluster(environment, Clients(session_of(here), here)), zone


def leased(cluster):
    """Take the lease, and give its token."""
    return cluster.ledger.take("one", "anna (promote)", seconds=30)[1].fence


def measured(cluster, *values):
    """Tell CloudWatch of lags, the oldest first, a minute apart."""
    now = datetime.now(UTC)
    for ago, value in enumerate(reversed(values)):
        data = {
            "MetricName": "ReplicaLag", "Value": value, "Timestamp": now - timedelta(minutes=ago),
            "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": databases.REPLICA}],
        }  # fmt: skip
        cluster.clients.metrics.put_metric_data(Namespace="AWS/RDS", MetricData=[data])


def test_the_databases_are_known_with_the_newest_lag_that_says_anything(with_database):
    cluster, _ = with_database
    seen = cluster.databases()
    assert (seen.now, seen.copy.identifier, seen.lag) == (databases.MAIN, databases.REPLICA, None)
    measured(cluster, 3.0, 7.0, -1.0)
    lag = cluster.databases().lag
    assert (lag.seconds, 60 <= lag.age < 200) == (7.0, True)


def test_services_are_told_of_another_database_and_what_was_told_of_the_old_one_is_not_well(with_database, monkeypatch):
    cluster, _ = with_database
    api, mine = cluster.environment.system.services["api"], leased(cluster)
    assert (
        cluster.told.variables(api, Slot.BLUE, "1.0.0")["DB_HOST"]
        == databases.instance(databases.MAIN)["Endpoint"]["Address"]
    )
    assert cluster.ledger.put(mine, Slot.BLUE, "1.0.0-a", "", {})
    assert cluster.ledger.repoint(mine, databases.REPLICA, "new.rds")
    assert cluster.ledger.put(mine, Slot.GREEN, "1.0.0-a", "", {})
    assert cluster.told.variables(api, Slot.BLUE, "1.0.0")["DB_HOST"] == "new.rds"
    assert cluster.ledger.read().databases == {Slot.BLUE: "", Slot.GREEN: databases.REPLICA}
    monkeypatch.setattr(cluster, "_well", lambda *_, **__: True)
    assert {slot for _, slot in cluster.look(exact=False).healthy} == {Slot.GREEN}
    assert not cluster.ledger.repoint(mine - 1, "other", "other.rds")


def test_a_failover_that_is_half_done_stays_noted_until_one_has_ended(with_database):
    cluster, _ = with_database
    mine = leased(cluster)
    begun = Promotion("new", "old", "old.rds", held=True, asked=True, counts={"api": 3})
    assert cluster.ledger.promotes(mine, begun)
    assert cluster.ledger.finish(mine, "{}", good=(), counts={}, promoted=False)
    assert cluster.look(exact=False).promotion == begun
    assert cluster.ledger.finish(leased(cluster), "{}", good=(), counts={})
    assert cluster.ledger.read().promotion is None


def test_of_snapshots_only_ours_go_and_only_once_a_new_one_is_there(with_database):
    cluster, _ = with_database
    now = cluster.databases().now
    for name in ("other", "one", "two", "three"):
        cluster.instances.snapshot(now, name, {} if name == "other" else {TAG: "shop-aws"})
    releases = {"release_id": "1.1.0+b2-000000000000", "live_release": "1.0.0-000000000000"}
    plan = SimpleNamespace(verb=Verb.DEPLOY, switch=None, **releases)
    run = SimpleNamespace(environment=cluster.environment, run_id="r1", plan=plan)
    reply = take(SimpleNamespace(run=run, cluster=cluster))
    assert (reply.outcome, reply.words.partition(";")[2]) == (Outcome.OK, " 2 older deleted")
    new = reply.words.partition(";")[0]
    assert new.startswith("shop-aws-1-1-0-b2-2")
    assert databases.snapshots(now) == sorted(["other", "three", new])
    tags = cluster.clients.databases.describe_db_snapshots(DBSnapshotIdentifier=new)["DBSnapshots"][0]["TagList"]
    assert {each["Key"]: each["Value"] for each in tags} | {"handrail:run": "r1"} == {
        "system": "shop", "environment": "aws", TAG: "shop-aws", "handrail:before": "1.1.0+b2",
        "handrail:live": "1.0.0", "handrail:run": "r1",
    }  # fmt: skip
    # One that RDS fails to take is said, and costs none of those that are there.
    run.plan.release_id = "1.2.0-000000000000"
    real = cluster.instances
    broken = SimpleNamespace(
        snapshot=real.snapshot, snapshots=real.snapshots, until=real.until, taken=lambda name, **_: f"{name} is failed"
    )
    here = SimpleNamespace(instances=broken, place=cluster.place, ledger=cluster.ledger)
    again = take(SimpleNamespace(run=run, cluster=here))
    assert (again.outcome, "is failed" in again.words) == (Outcome.FAILED, True)
    assert {"three", new} < set(databases.snapshots(now))


def test_a_name_and_a_secret_are_given_the_new_address(with_database):
    cluster, zone = with_database
    record = Record(cluster.clients.records, *cluster.place.record)
    assert record.lead_to("new.rds", seconds=5) == ""
    assert databases.record(zone) == ["new.rds"]
    vault, old = Vault(cluster.clients.vault, cluster.place.secrets["DB_URL"]), databases.instance(databases.MAIN)
    address = old["Endpoint"]["Address"]
    assert (vault.holds(address), vault.rewrite(address, "new.rds"), vault.rewrite(address, "new.rds")) == (True,) * 3
    assert databases.url() == "postgresql://shop:planted-4711@new.rds/shop"
    assert not vault.rewrite("nobody.rds", "other.rds")


def test_route_53_that_does_not_spread_a_change_is_waited_for_and_said():
    slow = SimpleNamespace(
        change_resource_record_sets=lambda **_: {"ChangeInfo": {"Id": "1", "Status": "PENDING"}},
        get_change=lambda **_: {"ChangeInfo": {"Id": "1", "Status": "PENDING"}},
    )
    clock = iter(range(100))
    said = Record(slow, "Z1", "db.shop", sleep=lambda _: None, clock=lambda: next(clock)).lead_to("new", seconds=5)
    assert said == "Route 53 has not spread db.shop after 5 s: PENDING"


def test_a_task_that_is_being_stopped_is_still_alive(with_database):
    cluster, _ = with_database
    assert cluster.slots.alive() == []
    one = {"taskArns": ["arn"]}
    ecs = SimpleNamespace(
        describe_services=cluster.clients.ecs.describe_services,
        list_tasks=lambda **asked: one if asked["serviceName"].endswith("api-blue") else {"taskArns": []},
        describe_tasks=lambda **_: {"tasks": [{"lastStatus": "DEACTIVATING"}]},
    )
    assert replace(cluster.slots, clients=SimpleNamespace(ecs=ecs)).alive() == ["api-blue"]


def test_rds_that_refuses_counts_as_a_refusal_only_where_the_replica_is_as_it_was(with_database):
    cluster, _ = with_database
    error = cluster.clients.databases.exceptions.ClientError
    refusal = error({"Error": {"Code": "InvalidDBInstanceState"}}, "PromoteReadReplica")

    def refuse(**_):
        raise refusal

    cluster.clients.databases.promote_read_replica = refuse
    said = cluster.instances.promote(databases.REPLICA, days=7, window="19:00-20:00")
    assert said == f"RDS refuses to promote {databases.REPLICA}: InvalidDBInstanceState"
    with pytest.raises(error):
        cluster.instances.promote(databases.MAIN, days=7, window="19:00-20:00")


@pytest.mark.parametrize(("behind", "well"), [(0.0, True), (20.0, True), (31.0, False)])
def test_an_idle_replica_has_everything_once_what_it_has_is_newer_than_the_last_task(with_database, behind, well):
    """RDS counts from the newest transaction: an idle database that lacks nothing is said to be far behind."""
    cluster, _ = with_database
    clock = iter(range(100))
    patient = Instances(None, None, sleep=lambda _: None, clock=lambda: next(clock))
    told = chain([31.0], repeat(behind))
    instances = SimpleNamespace(lag=lambda *_, since, **__: Lag(next(told), since + 30.0), wait=patient.wait)
    plan = SimpleNamespace(switch=SimpleNamespace(new=databases.REPLICA))
    run = SimpleNamespace(environment=cluster.environment, plan=plan, quiet_at=1000.0)
    reply = catch_up(SimpleNamespace(run=run, cluster=SimpleNamespace(instances=instances, ledger=cluster.ledger)))
    assert reply.outcome.good is well
    assert well or "still lacks the last 1 s" in reply.words
