"""CloudWatch's numbers: many in one question, each under the name that the caller gave it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from moto import mock_aws

from handrail.ecs.metrics import METRICS_AT_ONCE, Point, Query, read
from tests.unit.ecs import aws

NOON = 1_900_000_020.0  # a whole minute


@pytest.fixture
def client(keys):
    with mock_aws():
        yield aws.client("cloudwatch")


def put(client, name, at, value):
    stamp = datetime.fromtimestamp(at, UTC)
    dimensions = [{"Name": "ServiceName", "Value": name}]
    data = {"MetricName": "CPUUtilization", "Timestamp": stamp, "Value": value, "Dimensions": dimensions}
    client.put_metric_data(Namespace="AWS/ECS", MetricData=[data])


def of(name):
    return Query("AWS/ECS", "CPUUtilization", {"ServiceName": name})


def test_each_metric_has_its_points_in_the_order_of_time_and_one_without_any_has_none(client):
    put(client, "api", NOON + 60, 20.0)
    put(client, "api", NOON, 10.0)
    put(client, "web", NOON, 80.0)
    found = read(client, {("cpu", name): of(name) for name in ("api", "web", "job")}, since=NOON, until=NOON + 120)
    assert found == {
        ("cpu", "api"): [Point(NOON, 10.0), Point(NOON + 60, 20.0)],
        ("cpu", "web"): [Point(NOON, 80.0)],
        ("cpu", "job"): [],
    }


def test_all_that_fit_are_asked_at_once(client):
    asked = []
    client.meta.events.register("before-call.cloudwatch.GetMetricData", lambda **_: asked.append(1))
    many = {number: of(str(number)) for number in range(METRICS_AT_ONCE)}
    read(client, many, since=NOON, until=NOON + 60)
    assert len(asked) == 1
    found = read(client, many | {"one more": of("api")}, since=NOON, until=NOON + 60)
    assert (len(found), len(asked)) == (METRICS_AT_ONCE + 1, 3)


def test_nothing_asked_is_no_question(client):
    assert read(client, {}, since=NOON, until=NOON + 60) == {}
