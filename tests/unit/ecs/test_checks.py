"""`fab check`, `watch` and `config` on ECS against moto in process: what AWS tells, judged as hosts are.

moto runs no Logs Insights and knows no percentiles: plane.py answers in its place. It has no data plane either:
living.py says how many tasks run and end, and what CloudWatch has counted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.cloudwatch.models import CloudWatchBackend

from handrail.checklist.case import Case
from handrail.checklist.variables import set_here
from handrail.control import cloud_check, cloud_health, cloud_variables, cloud_watch
from handrail.ecs import join
from handrail.ecs.clients import Clients
from handrail.ecs.cluster import Cluster
from handrail.ecs.reply import ok
from handrail.infra.identity import session_of
from handrail.model.answer import Found
from handrail.model.aws_variables import aws_of
from handrail.model.checklist import Item
from handrail.model.document import parse
from handrail.model.environment import Environment, Host
from handrail.model.slot import Slot
from handrail.model.version import Release
from handrail.secrets import MASK, Secret
from tests.unit.ecs import aws
from tests.unit.ecs.living import forget, live, logged, running, task, told
from tests.unit.ecs.plane import insights, percentiles

HOST, DATABASE = "@ecs/shop", "shop-aws-db"
GROUPS = {
    "cluster": (Host(HOST, "shop.example.com"),),
    "database": (Host("@ecs/db", "db.example.com"),),
    "cache": (Host("@ecs/cache", "cache.example.com"),),
}
REDIS = "datastores:\n  redis: {kind: redis, runtime: aws, hosts: cache, port: 6379}\n"
DESCRIBED = "  database: {datastore: postgresql}\n  domain:"


@pytest.fixture(scope="module")
def here():
    """Build it once: that takes a second of a processor."""
    with pytest.MonkeyPatch.context() as keys, mock_aws():
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
            keys.delenv(name, raising=False)
        keys.setenv("AWS_ACCESS_KEY_ID", "testing")
        keys.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        keys.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        keys.setattr(CloudWatchBackend, "get_metric_data", percentiles(CloudWatchBackend.get_metric_data))
        keys.setattr("moto.logs.models.execute_query", insights)
        # Nobody answers at the load balancer's address.
        keys.setattr(cloud_health.web, "serves", lambda *_: ok("served"))
        aws.build()
        made = Site()
        for module in (cloud_check, cloud_watch, cloud_variables, join):
            keys.setattr(module, "cluster_of", made.cluster)
        yield made


@pytest.fixture
def site(here):
    """Give the system as it was built: well, with nothing counted or logged yet."""
    forget()
    running(2)
    yield here
    here.described = here.usual


class Site:
    """One system on moto's AWS; the clients are made once, for that takes half a second of a processor, too."""

    def __init__(self):
        self.usual = self.described = aws.YAML.replace("  domain:", DESCRIBED).replace("@PORT@", "80")
        here = aws_of(self.environment())
        self.clients = Clients(session_of(here), here)
        live(self.cluster(self.environment()))

    def environment(self):
        return Environment("aws", parse(self.described, source="shop.yaml", environment="aws"), GROUPS)

    def cluster(self, environment):
        return Cluster(environment, self.clients)

    def check(self, *names, secrets=None):
        """Give the findings, in the order in which they are shown."""
        found = cloud_check.check(self.environment(), names=names, secrets=secrets or {})
        return [(each.level, each.what, each.host, each.text) for findings in found.values() for each in findings]


ALL = (
    "services", "health", "disk", "memory", "cpu", "traffic", "errors", "connections", "cache", "backups",
    "certificates",
)  # fmt: skip


def listener():
    (balancer,) = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    return aws.client("elbv2").describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"][0][
        "ListenerArn"
    ]


def test_a_system_that_is_well_is_ok_in_every_check(site):
    told(listener())
    found = site.check(*ALL)
    assert {level for level, *_ in found} == {"OK"}, found
    texts = [text for *_, text in found]
    assert "2 of 2 tasks on blue" in texts
    assert "25 % in use, 3.0 GiB available" in texts
    assert "20 % in use, 40.0 GiB of 50.0 GiB available, may grow to 200.0 GiB" in texts
    assert "p95 100 ms, 0.0 % of 600 requests failed" in texts
    assert "12 of 400 connections (3 %)" in texts


def test_what_nobody_has_counted_yet_is_said_and_is_not_ok(site):
    found = site.check("cpu", "memory", "disk", "connections", "traffic")
    levels = {what: level for level, what, *_ in found}
    assert levels == {"api": "WARN", "web": "WARN", "postgresql": "WARN", "": "OK"}
    assert found[0][-1] == "CloudWatch has no CPUUtilization of the last 5m"
    assert found[-1][-1] == "no requests, as far as CloudWatch has counted them by now"


def test_numbers_are_judged_by_the_thresholds(site):
    told(
        listener(), CPUUtilization=95.0, FreeableMemory=0.6 * 2**30, FreeStorageSpace=4 * 2**30,
        DatabaseConnections=330.0, TargetResponseTime=1.2, HTTPCode_Target_5XX_Count=12.0,
    )  # fmt: skip
    found = site.check("cpu", "memory", "disk", "connections", "traffic")
    assert {(level, text) for level, *_, text in found} == {
        ("ALERT", "95 % busy over 5m"),
        ("OK", "30 % in use"),
        ("WARN", "85 % in use, 614 MiB available"),
        ("ALERT", "92 % in use, 4.0 GiB of 50.0 GiB available, may grow to 200.0 GiB"),
        ("WARN", "330 of 400 connections (82 %)"),
        ("ALERT", "p95 1200 ms, 2.0 % of 600 requests failed"),
    }


def test_tasks_that_are_missing_and_tasks_that_ended_are_told_with_the_reason(site):
    running(1)
    task("api", ended="OutOfMemoryError: Container killed", ago=timedelta(minutes=2))
    task("web", ended="Essential container in task exited", ago=timedelta(minutes=40))
    task("web", ended="Scaling activity initiated by (deployment ecs-svc/1)")
    found = {what: (level, text) for level, what, _, text in site.check("services")}
    one = "1 of 2 tasks on blue, one task ended within an hour, the last"
    oom = "out of memory (OutOfMemoryError: Container killed; api ended with 0)"
    assert found["api"] == ("ALERT", f"{one} 2 min ago: {oom}")
    assert found["web"] == ("WARN", f"{one} 40 min ago: Essential container in task exited; web ended with 0")


def test_a_service_that_is_not_steady_is_as_healthy_as_the_load_balancer_finds_it(site):
    running(2, state="IN_PROGRESS")
    api, _ = (each for each in site.check("health") if each[1] in {"api", "web"})
    assert (api[0], api[-1]) == ("ALERT", "2 of 2 tasks on blue, 0 of them healthy")
    running(0)
    assert {level for level, what, *_ in site.check("services") if what in {"api", "web"}} == {"ALERT"}


def test_a_service_that_terraform_has_not_made_yet_is_an_alert_and_no_other_is(site):
    web = site.described[site.described.index("  web:\n") : site.described.index("datastores:")]
    site.described = site.described.replace(
        "datastores:", web.replace("  web:\n", "  mail:\n").replace("80", "90") + "datastores:", 1
    )
    found = site.check("services", "health", "cpu")
    assert [(what, text) for level, what, _, text in found if level == "ALERT"] == [
        ("mail", "ECS has no such service: fab infra.plan, and apply it")
    ] * 2
    assert {each.service: each.trouble for each in variables_of(site).programs}["mail"] == "does not run"
    assert ("ALERT", "mail", "ECS has no such service: fab infra.plan, and apply it") in bad(
        cloud_watch.eyes(site.environment(), {}).look(0)
    )


def test_error_lines_are_counted_and_their_secrets_masked(site):
    logged("api", *(f"ERROR no {n}: planted-4711 refused" for n in range(12)), "0 errors", "listens on 3000")
    api, web = site.check("errors", secrets={"DB_PASSWORD": Secret("planted-4711")})
    assert (api[0], api[-1]) == ("WARN", f"12 error lines in 24 h\n12 x ERROR no 0: {MASK} refused")
    assert (web[0], web[-1]) == ("OK", "0 error lines in 24 h")


def test_a_database_that_is_gone_or_has_no_backups_is_an_alert(site):
    rds = aws.client("rds")
    rds.modify_db_instance(DBInstanceIdentifier=DATABASE, BackupRetentionPeriod=0, ApplyImmediately=True)
    assert site.check("backups") == [
        ("ALERT", "postgresql", DATABASE, "AWS takes no backups of it: it keeps them for 0 days")
    ]
    rds.delete_db_instance(DBInstanceIdentifier=DATABASE, SkipFinalSnapshot=True)
    found = site.check("services", "backups", "disk")
    aws.database()
    assert [each for each in found if each[1] == "postgresql"] == [
        ("ALERT", "postgresql", DATABASE, "absent, RDS has no such database")
    ] * 3


def test_a_cache_is_asked_for_by_its_name_and_its_nodes_measured(site):
    site.described = site.described.replace("datastores:\n", REDIS)
    assert ("ALERT", "redis", "shop-aws-redis", "absent, ElastiCache has no such group") in site.check("cache")
    aws.client("elasticache").create_replication_group(
        ReplicationGroupId="shop-aws-redis", ReplicationGroupDescription="sessions", NumNodeGroups=1,
        ReplicasPerNodeGroup=1, CacheNodeType="cache.t4g.small", Engine="redis",
    )  # fmt: skip
    (group,) = aws.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    first, second = group["MemberClusters"]
    named = [{"Name": "CacheClusterId", "Value": first}]
    at = datetime.now(UTC) - timedelta(minutes=1)
    data = {"MetricName": "DatabaseMemoryUsagePercentage", "Dimensions": named, "Value": 85.0, "Timestamp": at}
    aws.client("cloudwatch").put_metric_data(Namespace="AWS/ElastiCache", MetricData=[data])
    assert ("OK", "redis", "shop-aws-redis", "available, 2 nodes") in site.check("services")
    assert site.check("cache") == [
        ("WARN", "redis", first, "85 % of its memory in use"),
        ("WARN", "redis", second, "CloudWatch has no DatabaseMemoryUsagePercentage of the last 5m"),
    ]


def test_what_aws_refuses_is_an_alert_and_the_rest_is_answered_all_the_same(site, monkeypatch):
    told(listener())
    asked = boto3.client("sts")._make_api_call.__func__  # where every call of boto3 passes
    refused = {"DescribeDBInstances", "GetMetricData", "ListTasks", "StartQuery"}

    def call(self, operation, words):
        if operation in refused:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, operation)
        return asked(self, operation, words)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", call)
    found = site.check(*ALL)
    bad = {text for level, *_, text in found if level == "ALERT"}
    assert bad == {
        "AWS refuses DescribeDBInstances: AccessDenied: not you", "AWS refuses GetMetricData: AccessDenied: not you",
        "which tasks ended is not known: AWS refuses ListTasks: AccessDenied: not you",
        "AWS refuses StartQuery: AccessDenied: not you",
    }  # fmt: skip
    assert ("OK", "api", HOST, "2 of 2 tasks on blue") in found


def test_the_certificates_of_the_load_balancer_are_for_its_names(site):
    acm, balancer = aws.client("acm"), aws.client("elbv2")
    arn = acm.request_certificate(DomainName="*.example.com", ValidationMethod="DNS")["CertificateArn"]
    balancer.modify_listener(ListenerArn=listener(), Protocol="HTTPS", Certificates=[{"CertificateArn": arn}])
    names = "[shop.example.com, shop.example.org]"
    site.described = site.described.replace(
        "[shop.example.com]", f"{names}\n  tls: {{certificates: {{app: {{names: {names}}}}}}}"
    )
    found = site.check("certificates")
    assert [each[:2] for each in found[1:]] == [("ALERT", "shop.example.org")]
    assert found[0][1] == "*.example.com"
    assert found[0][-1] == "ACM says PENDING_VALIDATION"


def test_each_question_is_asked_once_for_all_services(site):
    told(listener())
    site.clients.asked.clear()
    site.check(*ALL)
    # Once for each slot.
    assert site.clients.asked.pop("ecs.DescribeServices") == 2
    assert set(site.clients.asked.values()) == {1}, site.clients.asked
    assert len(site.clients.asked) <= 12, site.clients.asked


def bad(poll):
    return [(each.level, each.what, each.text) for each in poll.findings if each.level != "OK"]


def test_a_watch_tells_of_a_task_that_ends_meanwhile_and_of_none_before(site):
    task("api", ended="Essential container in task exited", ago=timedelta(minutes=2))
    eyes = cloud_watch.eyes(site.environment(), {})
    assert bad(eyes.look(0)) == []
    task("api", ended="Task failed ELB health checks in (target-group x)", ago=timedelta(seconds=5))
    (found,) = bad(eyes.look(10))
    assert found[:2] == ("ALERT", "api")
    assert "one task ended within an hour" in found[2]
    assert "the load balancer's health check failed" in found[2]


def test_a_watch_tells_of_traffic_that_moved_without_a_run(site):
    cluster = site.cluster(site.environment())
    eyes = cloud_watch.eyes(site.environment(), {})
    cluster.listener.move(Slot.GREEN, 25)
    assert ("WARN", "weights", "25 % to green, the rest to blue") in bad(eyes.look(0))
    cluster.listener.move(Slot.GREEN)
    found = {what: (level, text) for level, what, text in bad(eyes.look(10))}
    cluster.listener.move(Slot.BLUE)
    assert found["weights"][0] == "ALERT"
    assert "it went there from blue without a run" in found["weights"][1]
    assert found["api"] == ("ALERT", "0 of 0 tasks on green")


def test_a_watch_counts_errors_from_the_first_whole_minute_on(site):
    told(listener(), HTTPCode_Target_5XX_Count=60.0)
    eyes = cloud_watch.eyes(site.environment(), {})
    assert bad(eyes.look(0)) == []
    eyes.began -= timedelta(minutes=5)
    seen = eyes.look(10)
    assert bad(seen) == [("ALERT", "traffic", "p95 100 ms, 10.0 % of 600 requests failed")]
    assert seen.traffic[HOST].errors_percent == 10


def test_an_aws_that_does_not_answer_is_an_alert_of_the_watch_and_not_its_end(site, monkeypatch):
    eyes = cloud_watch.eyes(site.environment(), {})

    def refused(*_, **__):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "DescribeServices")

    monkeypatch.setattr(site.clients.ecs, "describe_services", refused)
    assert bad(eyes.look(0)) == [
        ("ALERT", "AWS", "AWS is too busy to answer: ThrottlingException; nothing was touched")
    ]
    monkeypatch.undo()
    assert bad(eyes.look(10)) == []


def variables(site):
    """Give what is the matter, and the state of each variable of api, here and where it runs."""
    seen = variables_of(site)
    (program,) = (each for each in seen.programs if each.service == "api")
    here = {each.name: each.here.value for each in seen.needed if each.service == "api"}
    return seen, here, {name: state.value for name, state in program.states.items()}


def test_variables_are_those_that_the_description_names(site):
    task("api", ago=timedelta())
    seen, here, there = variables(site)
    assert (seen.exit_code, seen.findings, set(here.values()), set(there.values())) == (0, (), {"ok"}, {"ok"})
    assert "planted-4711" not in repr(seen)


def test_variables_that_differ_are_stale_and_those_that_are_not_there_are_missing(site):
    site.described = site.described.replace(
        'SLOT: "${slot}"\n', 'NEW: "yes"\n      DB_HOST2: {secret: DB_PASSWORD}\n      OLD: ""\n'
    ).replace('PORT: "${port}"\n', 'PORT: "8000"\n', 1)  # fmt: skip
    seen, here, there = variables(site)
    assert here["OLD"] == "empty"
    assert there == {
        "PORT": "stale", "RELEASE": "ok", "NEW": "missing", "DB_HOST2": "missing", "OLD": "missing", "DB_HOST": "ok",
        "DATABASE_PASSWORD": "ok", "SLOT": "stale",
    }  # fmt: skip
    assert seen.exit_code == 1


def test_a_secret_that_changed_after_the_tasks_started_is_stale(site):
    task("api", ago=timedelta(minutes=5))
    aws.client("secretsmanager").put_secret_value(SecretId="shop-aws/DB_PASSWORD", SecretString="planted-4712")
    seen, here, there = variables(site)
    assert (here["DATABASE_PASSWORD"], there["DATABASE_PASSWORD"], seen.exit_code) == ("ok", "stale", 0)
    assert "planted" not in repr(seen)


def test_a_secret_that_is_to_be_deleted_is_missing(site):
    secrets = aws.client("secretsmanager")
    secrets.delete_secret(SecretId="shop-aws/DB_PASSWORD", RecoveryWindowInDays=7)
    seen, here, _ = variables(site)
    secrets.restore_secret(SecretId="shop-aws/DB_PASSWORD")
    assert (here["DATABASE_PASSWORD"], seen.exit_code) == ("missing", 1)
    assert "restore-secret" in seen.findings[0].text
    running(0)
    assert {each.trouble for each in variables_of(site).programs} == {"does not run"}


def test_a_checklist_asks_aws_for_the_secrets_in_the_place_of_this_machine(site, tmp_path):
    case = Case(
        site.environment(), tmp_path, Release("1.0.0", "0" * 64), ask=None, mask=str, now=datetime.now(UTC)
    )  # fmt: skip
    item = Item(item="variables are set", variables=True)
    assert set_here(item, case) == Found(ok=True, evidence="all 6 variables can be had; fab config compares what runs")
    site.described = site.described.replace("secrets: {DB_PASSWORD: 1}", "secrets: {DB_PASSWORD: 1, KEY: 1}")
    site.described = site.described.replace(
        "secrets: {DB_PASSWORD: {env", "secrets: {KEY: {env: KEY}, DB_PASSWORD: {env"
    )
    site.described = site.described.replace('SLOT: "${slot}"', "SLOT: {secret: KEY}")
    found = set_here(item, replace(case, environment=site.environment()))
    assert not found.ok
    assert found.evidence.startswith("api SLOT is missing: AWS keeps no secret KEY")


def variables_of(site):
    environment = site.environment()
    return cloud_variables.variables(environment, tuple(environment.system.services.values()))
