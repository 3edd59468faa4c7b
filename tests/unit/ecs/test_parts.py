"""The parts of a cluster against moto, each by itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from handrail.ecs.clients import Clients
from handrail.ecs.cluster import Cluster
from handrail.ecs.definitions import forget
from handrail.infra.identity import session_of
from handrail.model.aws_variables import aws_of
from handrail.model.document import parse
from handrail.model.environment import Environment, Host
from handrail.model.fleet import Outcome
from handrail.model.slot import Slot
from tests.unit.ecs import aws

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


def test_after_a_destroy_no_definition_of_a_deploy_is_left(cluster):
    ecs, families = cluster.clients.ecs, [f"shop-aws-api-{slot}" for slot in Slot]
    assert forget(ecs, families)
    left = ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    assert {arn.rpartition("/")[2].partition(":")[0] for arn in left} == {"shop-aws-web-blue", "shop-aws-web-green"}
    assert not forget(Refusing(ecs), ["shop-aws-web-blue"])


class Refusing:
    """An ECS that is too busy to deregister anything."""

    def __init__(self, ecs):
        self.get_paginator = ecs.get_paginator

    def deregister_task_definition(self, **_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "DeregisterTaskDefinition")
