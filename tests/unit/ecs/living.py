"""A release that runs in the blue slot, as a deploy leaves it, made in a moment; its tasks are in books of moto's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from moto.cloudwatch.models import cloudwatch_backends
from moto.ecs.models import ecs_backends
from moto.logs.models import logs_backends

from handrail.model.slot import Slot
from handrail.model.version import DIGEST_LETTERS
from tests.unit.ecs.aws import ACCOUNT, PREFIX, REGION, client

RELEASE = f"1.0.0-{'0' * DIGEST_LETTERS}"
# What CloudWatch would tell of a system that is well: of each service, of the database, of the load balancer.
WELL = {
    "CPUUtilization": 20.0, "MemoryUtilization": 30.0, "FreeableMemory": 3 * 2**30, "FreeStorageSpace": 40 * 2**30,
    "DatabaseConnections": 12.0, "RequestCount": 600.0, "TargetResponseTime": 0.1,
}  # fmt: skip


def books():
    """Give what moto keeps of ECS."""
    return ecs_backends[ACCOUNT][REGION]


def live(cluster, *, count=2):
    """Have it run."""
    tasks = {}
    for name, service in cluster.environment.system.services.items():
        image = cluster.definitions.image(service, "1.0.0")
        variables = cluster.told.variables(service, Slot.BLUE, "1.0.0")
        tasks[name] = cluster.definitions.register(service, Slot.BLUE, RELEASE, image, variables)
        cluster.slots.start(name, Slot.BLUE, definition=tasks[name], count=count)
    _, kept = cluster.ledger.take("run", "anna (deploy)", seconds=30)
    cluster.ledger.put(kept.fence, Slot.BLUE, RELEASE, "0" * 64, tasks)
    cluster.ledger.finish(kept.fence, "{}", good=(RELEASE,), counts=dict.fromkeys(tasks, count))
    running(count)


def running(count, *, state="COMPLETED"):
    """Say how many tasks of each service run, of those that it wants."""
    for service in books().services.values():
        service.running_count = min(count, service.desired_count)
        for each in service.deployments:
            each["rolloutState"] = state


def forget():
    """Forget tasks, numbers and logs."""
    for tasks in books().tasks.values():
        tasks.clear()
    cloudwatch_backends[ACCOUNT][REGION].reset()
    for group in logs_backends[ACCOUNT][REGION].groups.values():
        group.streams.clear()


def task(service, *, ended="", ago=timedelta(minutes=1)):
    """Have a task of a service run since a while ago, or have it end with a reason."""
    backend, name = books(), f"{PREFIX}-{service}-blue"
    there = next(each for each in backend.services.values() if each.name == name)
    (made,) = backend.run_task(PREFIX, there.task_definition, 1, {}, "", [], "FARGATE", there.network_configuration)
    made.group, at = f"service:{name}", (datetime.now(UTC) - ago).timestamp()
    made.started_at = at
    if ended:
        made.last_status, made.desired_status, made.stopped_reason = "STOPPED", "STOPPED", ended
        made.stopped_at = at
    return made


def told(listener, *, ago=timedelta(minutes=1), **numbers):
    """Hand CloudWatch one number of each kind; those that are named differ from a system that is well."""
    at = datetime.now(UTC) - ago
    balancer = [("LoadBalancer", listener.partition(":listener/")[2].rpartition("/")[0])]
    database = [("DBInstanceIdentifier", f"{PREFIX}-db")]
    of = {name: [("ClusterName", PREFIX), ("ServiceName", f"{PREFIX}-{name}-blue")] for name in ("api", "web")}
    rows = [("AWS/ECS", metric, of[name]) for metric in ("CPUUtilization", "MemoryUtilization") for name in of]
    rows += [
        ("AWS/RDS", metric, database)
        for metric in ("CPUUtilization", "FreeableMemory", "FreeStorageSpace", "DatabaseConnections")
    ]
    rows += [
        ("AWS/ApplicationELB", metric, balancer)
        for metric in (
            "RequestCount", "TargetResponseTime", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count",
            "HTTP_Fixed_Response_Count",
        )
    ]  # fmt: skip
    cloudwatch, values = client("cloudwatch"), WELL | numbers
    for namespace, metric, dimensions in rows:
        if values.get(metric) is not None:
            named = [{"Name": name, "Value": value} for name, value in dimensions]
            data = {"MetricName": metric, "Dimensions": named, "Timestamp": at, "Value": values[metric]}
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[data])


def logged(service, *lines):
    """Have a service write lines."""
    group, at = f"/ecs/{PREFIX}/{service}", int(datetime.now(UTC).timestamp() * 1000) - 60_000
    logs = client("logs")
    logs.create_log_stream(logGroupName=group, logStreamName="blue/1")
    events = [{"timestamp": at + n, "message": line} for n, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName="blue/1", logEvents=events)
