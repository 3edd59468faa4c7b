"""`fab capacity` as a whole: numbers of CloudWatch (moto's, put there by the test), a judgement, an exit code."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree as ET

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cloudwatch.models import CloudWatchBackend, cloudwatch_backends

from handrail.control import capacity_tables
from handrail.control.capacity import _span
from handrail.control.capacity_plot import MOST_POINTS, draw, thinned
from handrail.ecs.capacity import loads
from handrail.ecs.clients import Clients
from handrail.ecs.cluster import Cluster
from handrail.ecs.place import Place
from handrail.errors import BadInput
from handrail.infra.identity import session_of
from handrail.model.aws_variables import aws_of
from handrail.model.capacity import Verdict
from handrail.model.capacity_system import judge_system
from handrail.model.document import parse
from handrail.model.environment import Environment, Host
from handrail.model.series import Series
from tests import started
from tests.lab.controller import ROOT
from tests.unit.ecs import aws
from tests.unit.ecs.plane import percentiles

HOUR = 60
# The rules of the guide, as inventories/sanvi.yaml has them.
RULES = """
  services:
    api: {min: 2, max: 6, grow: {cpu: 70, lasts: 10m, queue: {over: 100, lasts: 5m}}}
    web: {min: 2, max: 6, grow: {cpu: 70, lasts: 10m, p95: 400ms}}
  database: {datastore: postgresql, max_connections: 100, replica: false}
  cache: {node: cache.t4g.small}
"""
YAML = aws.YAML.replace("  secrets: {DB_PASSWORD: 1}\n", f"  secrets: {{DB_PASSWORD: 1}}{RULES}")
CLUSTER, DATABASE = Host("@ecs/shop", "shop.example.com"), Host("@ecs/db", "db.example.com")


def put(metrics, until):
    """Put an hour of numbers: api is at its limit, web and the cache are fine, connections run out."""
    balancer = aws.client("elbv2").describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    groups = aws.client("elbv2").describe_target_groups()["TargetGroups"]
    group = next(each["TargetGroupArn"] for each in groups if each["TargetGroupName"] == f"{aws.PREFIX}-web-blue")
    web = {"LoadBalancer": balancer.partition("loadbalancer/")[2], "TargetGroup": group.rpartition(":")[2]}
    for number in range(HOUR):
        at = datetime.fromtimestamp(until - (number + 1) * 60, UTC).replace(tzinfo=None)

        def one(namespace, name, value, at=at, **dimensions):
            data = {"MetricName": name, "Value": value, "Timestamp": at}
            pairs = [{"Name": key, "Value": each} for key, each in dimensions.items()]
            metrics.put_metric_data(namespace, [data | {"Dimensions": pairs}])

        for service, cpu, tasks in (("api", 85, 6), ("web", 50, 2)):
            of = {"ClusterName": aws.PREFIX, "ServiceName": f"{aws.PREFIX}-{service}-blue"}
            one("AWS/ECS", "CPUUtilization", cpu, **of)
            one("AWS/ECS", "MemoryUtilization", 40, **of)
            one("ECS/ContainerInsights", "RunningTaskCount", tasks, **of)
        one("AWS/ApplicationELB", "TargetResponseTime", 0.2, **web)
        one(aws.PREFIX, "RequestQueue", 100, Service="api", Slot="blue")
        one("AWS/RDS", "CPUUtilization", 30, DBInstanceIdentifier=f"{aws.PREFIX}-db")
        one("AWS/RDS", "DatabaseConnections", 85, DBInstanceIdentifier=f"{aws.PREFIX}-db")
        one("AWS/ElastiCache", "DatabaseMemoryUsagePercentage", 20, CacheClusterId=f"{aws.PREFIX}-redis-001")


@pytest.fixture
def cluster(keys, monkeypatch):
    monkeypatch.setattr(CloudWatchBackend, "get_metric_data", percentiles(CloudWatchBackend.get_metric_data))
    with mock_aws():
        aws.build()
        system = parse(YAML.replace("@PORT@", "80"), source="shop.yaml", environment="aws")
        environment = Environment("aws", system, {"cluster": (CLUSTER,), "database": (DATABASE,)})
        here = aws_of(environment)
        yield Cluster(environment, Clients(session_of(here), here))


def judged(cluster, until):
    span = {"since": until - HOUR * 60, "until": until, "period": 60}
    return judge_system(cluster.environment, loads(cluster, **span), **span)


def test_everything_is_one_question_and_the_database_comes_first(cluster, capsys, tmp_path):
    until = int(time.time()) // 60 * 60
    empty = judged(cluster, until)
    # Nobody counted tasks, so ECS is asked how many it is to run: none.
    assert cluster.clients.asked["ecs.DescribeServices"] == 2
    assert [part.verdict.code for part in empty.parts] == [1, 1, 0, 0]
    cluster.clients.asked.clear()
    put(cloudwatch_backends[aws.ACCOUNT][aws.REGION], until)
    found = judged(cluster, until)
    assert cluster.clients.asked == {"cloudwatch.GetMetricData": 1}
    verdicts = {part.name: part.verdict for part in found.parts}
    assert verdicts == {
        "postgresql": Verdict.CHANGE, "redis": Verdict.NOTHING, "api": Verdict.LIMIT, "web": Verdict.NOTHING,
    }  # fmt: skip
    capacity_tables.capacity(found, None, as_json=False)
    text = capsys.readouterr().out
    assert text.index("change postgresql connections above 80 for 5 min: 85 of 100") < text.index(
        "limit api first postgresql"
    )
    assert "aws.services.api.cpu: 512 -> 1024" in text
    # A queue at its number is not above it.
    assert "queue above" not in text
    capacity_tables.capacity(found, None, as_json=True)
    said = json.loads(capsys.readouterr().out)
    api = next(part for part in said["parts"] if part["name"] == "api")
    assert (said["exit_code"], api["task_hours_a_day"]["now"], api["then"]["vcpu_most"]) == (2, 144, 6)
    assert api["numbers"]["cpu"] == {
        "highest": 85, "known_minutes": 60, "limit": 70, "limit_minutes": 10, "passed_minutes": 60,
    }  # fmt: skip
    highest = {
        (part["name"], name): each["highest"] for part in said["parts"] for name, each in part["numbers"].items()
    }
    assert highest == {
        ("postgresql", "cpu"): 30, ("postgresql", "connections"): 85, ("redis", "memory"): 20,
        ("api", "cpu"): 85, ("api", "memory"): 40, ("api", "queue"): 100,
        ("web", "cpu"): 50, ("web", "memory"): 40, ("web", "p95"): 0.2,
    }  # fmt: skip
    pytest.importorskip("matplotlib")
    for name, each in (("full.svg", found), ("empty.svg", empty)):
        draw(each, tmp_path / name)
        assert ET.parse(tmp_path / name).getroot().tag.endswith("svg")  # noqa: S314  # our own file


def test_whom_aws_refuses_its_numbers_is_told_which_right_is_missing():
    def refused(_):
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetMetricData")

    system = parse(YAML.replace("@PORT@", "80"), source="shop.yaml", environment="aws")
    names = {f"{name}-{slot}": f"arn:aws:x:targetgroup/{name}" for name in aws.SERVICES for slot in aws.SLOTS}
    cluster = SimpleNamespace(
        environment=SimpleNamespace(system=system),
        clients=SimpleNamespace(aws=system.aws, metrics=SimpleNamespace(get_paginator=refused)),
        place=Place("shop-aws", "shop-aws", names, names, "arn:listener/app/a/b", {}, "", "", "", {}, {}, {}),
    )
    with pytest.raises(BadInput, match="AWS refuses to show CloudWatch's numbers: AccessDenied") as caught:
        loads(cluster, since=0, until=60, period=60)
    assert "cloudwatch:GetMetricData" in caught.value.next_step


def test_the_task_ends_with_two_at_a_limit_and_draws(site, tmp_path):
    (tmp_path / "inventories/shop.yaml").write_text(YAML.replace("@PORT@", str(site.port)))
    put(site.plane.metrics, int(time.time()) // 60 * 60)
    code, said = site.fab("capacity", "--since", "1h", "--plot", str(tmp_path / "capacity.png"))
    assert (code, said["exit_code"], said["verdict"], said["period_seconds"]) == (2, 2, "limit", 60)
    assert (tmp_path / "capacity.png").read_bytes().startswith(b"\x89PNG")
    assert "planted-4711" not in json.dumps(said)


def test_on_hosts_it_is_refused_with_what_to_use_instead():
    fab = str(Path(sys.executable).with_name("fab"))
    done = started.run([fab, "capacity", "--inventory", "inventories/prod.py", "--json"], cwd=ROOT, timeout=60)
    said = json.loads(done.stdout)
    assert (done.returncode, said["outcome"]) == (2, "BadInput")
    assert "is not on ECS" in said["text"]
    assert "fab metrics" in said["text"]


@pytest.mark.parametrize("text", ["", "0h", "24", "7w", "64d", "-1d", "٣d", "1513h"])
def test_another_since_is_bad_input(text):
    with pytest.raises(BadInput, match="--since") as caught:
        _span(text)
    assert caught.value.next_step == "fab capacity --since 7d"


def test_a_long_time_is_thinned_by_its_peaks_and_keeps_its_gaps():
    week = 7 * 24 * 60
    series = Series({at * 60: 99.0 if at == 5000 else 10.0 for at in range(week) if at < week // 2})
    moments, values = thinned(series, 0, week * 60)
    assert len(moments) <= MOST_POINTS + 1
    assert (max(value for value in values if value == value), values[-1] == values[-1]) == (99.0, False)  # noqa: PLR0124
