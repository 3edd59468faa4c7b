"""What moto lacks of AWS, beside its server: tasks that start, a load balancer that answers, schedules that fire.

It is no part of moto and pretends nothing to handrail: handrail asks AWS's API of moto alone, and this reads and writes
moto's books as AWS's own machinery would. Tasks take a moment to start; how the lab's bad releases behave is told
below by their names.
"""

from __future__ import annotations

import json
import math
import random
import re
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from moto.cloudwatch.models import cloudwatch_backends
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import FakeHealthStatus, elbv2_backends
from moto.rds.models import rds_backends
from moto.scheduler.models import scheduler_backends

from tests.unit.ecs.aws import ACCOUNT, PREFIX, REGION, client

START_SECONDS = 0.4
LOOK_SECONDS = 0.1
NEVER_HEALTHY, BROKEN, CRASHES = "1.2.0", "1.3.0", "1.7.0"
# From its first request on, so that it is well when it is verified, and not at the end of the bake.
CRASH_SECONDS = 0.5
EXITED = "Essential container in task exited"
# Releases that do not start: what ECS says of the task, and what the program has printed.
DIES = {
    "1.4.0": ("OutOfMemoryError: Container killed due to memory usage", ""),
    "1.8.0": (EXITED, ""),
    "1.9.0": (EXITED, "api: missing variable: STORAGE_BUCKET"),
    "1.11.0": (EXITED, "api: connect ECONNREFUSED 10.0.0.9:1"),
}
CALLS = {"modifyRule": "modify_rule", "modifyListener": "modify_listener"}


class Plane:
    """Tasks, load balancer and schedules of one AWS."""

    def __init__(self):
        self.ecs, self.balancer, self.scheduler, self.metrics, self.registry, self.network = (
            backends[ACCOUNT][REGION]
            for backends in (
                ecs_backends, elbv2_backends, scheduler_backends, cloudwatch_backends, ecr_backends, ec2_backends,
            )
        )  # fmt: skip
        self.over, self.fired, self.since, self.first = threading.Event(), [], {}, {}
        self.requests, self.answered, self.sick = [], 0, set()
        # How far EventBridge's clock is ahead, for who has no time to wait for it.
        self.ahead = timedelta()
        # RDS: how far the replica is behind (None: nobody measures), and what goes wrong with it.
        self.rds = rds_backends[ACCOUNT][REGION]
        self.lag, self.promotes, self.snapshots = 0.0, True, "available"
        self.asked, self.measuring = {}, threading.Lock()

    @property
    def listener(self):
        """The listener behind which the services are: another one sends on to it."""
        (balancer,) = self.balancer.load_balancers.values()
        return max(balancer.listeners.values(), key=lambda listener: int(listener.port))

    # -- tasks ---------------------------------------------------------------------------------------------------------

    def tasks(self):
        """Start and stop tasks as services ask for them."""
        for service in list(self.ecs.services.values()):
            wanted = (service.task_definition, service.desired_count)
            known, since = self.since.get(service.name, (None, 0.0))
            if known != wanted:
                self.since[service.name] = (wanted, time.monotonic())
                if known and known[0] != service.task_definition:
                    self._replace(service, known[0])
                self.first.pop(service.name, None)
                if service.desired_count > 0:
                    continue
            if service.desired_count and time.monotonic() - since < START_SECONDS:
                continue
            self._settle(service)
        for task in [task for of in self.ecs.tasks.values() for task in of.values()]:
            if not task.group.startswith("service:"):
                self._finish(task)

    def _replace(self, service, before):
        """Begin to replace tasks: those of the definition before serve until the others are healthy."""
        primary, *others = service.deployments
        old = primary | {"status": "ACTIVE", "taskDefinition": before}
        new = {"taskDefinition": service.task_definition, "runningCount": 0, "rolloutState": "IN_PROGRESS"}
        service.deployments = [primary | new, *(each for each in (old, *others) if each["runningCount"])]

    def _finish(self, task):
        """End a task that runs one command: it did its work. Its address goes with it."""
        task.last_status = task.desired_status = "STOPPED"
        for detail in (detail for attached in task.attachments for detail in attached["details"]):
            if detail["name"] == "networkInterfaceId":
                self.network.enis.pop(detail["value"], None)
        task.attachments = []

    def _settle(self, service):
        release, count = self.release(service.task_definition), service.desired_count
        if release in DIES and count:
            self._end(service, *DIES[release])
            return
        if release == CRASHES and time.monotonic() - self.first.get(service.name, math.inf) > CRASH_SECONDS:
            self.first.pop(service.name)
            self._end(service, EXITED)
            count = 0
        service.running_count, service.pending_count = count, 0
        group = self.balancer.target_groups.get(service.load_balancers[0]["targetGroupArn"])
        if group is None:
            return
        number = sorted(self.balancer.target_groups).index(group.arn)
        there = set(group.targets)
        wanted = {f"10.0.{number}.{n + 1}" for n in range(count)}
        (self.sick.add if release == NEVER_HEALTHY else self.sick.discard)(group.arn)
        if wanted - there:
            group.register([{"Id": one} for one in sorted(wanted - there)])
        if there - wanted:
            group.deregister([{"Id": one} for one in sorted(there - wanted)])
        state = "COMPLETED" if release != NEVER_HEALTHY else "IN_PROGRESS"
        there = {"taskDefinition": service.task_definition, "runningCount": count, "rolloutState": state}
        service.deployments = [service.deployments[0] | there]

    def _end(self, service, reason, printed=""):
        """Have a task start and end, as ECS does again and again."""
        (cluster,) = self.ecs.clusters.values()
        (task,) = self.ecs.run_task(
            cluster.name, service.task_definition, 1, {}, "", [], "FARGATE", service.network_configuration
        )
        task.last_status, task.desired_status, task.stopped_reason = "STOPPED", "STOPPED", reason
        task.stopped_at = datetime.now(UTC).timestamp()
        task.service_name = service.name
        task.group = f"service:{service.name}"
        self.since[service.name] = ((service.task_definition, service.desired_count), time.monotonic())
        if printed:
            name, _, slot = service.name.removeprefix(f"{PREFIX}-").rpartition("-")
            where = {"logGroupName": f"/ecs/{PREFIX}/{name}", "logStreamName": f"{slot}/{name}/{task.id}"}
            client("logs").create_log_stream(**where)
            client("logs").put_log_events(
                **where, logEvents=[{"timestamp": int(task.stopped_at * 1000), "message": printed}]
            )

    def release(self, definition):
        """Read which release a definition is, off the tag that its image has in the registry."""
        if definition is None:
            return ""
        image = self.ecs.describe_task_definition(definition).container_definitions[0]["image"]
        name, _, digest = image.partition("@")
        there = self.registry.repositories.get(name.partition("/")[2])
        images = there.images if there else []
        return next((tag for each in images if each.get_image_digest() == digest for tag in each.image_tags), "")

    # -- schedules -----------------------------------------------------------------------------------------------------

    def schedules(self):
        """Fire what is due."""
        now = datetime.now(UTC) + self.ahead
        for group in list(self.scheduler.schedule_groups.values()):
            for schedule in list(group.schedules.values()):
                at = datetime.strptime(schedule.schedule_expression, "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
                if at <= now:
                    verb = schedule.target["Arn"].rpartition(":")[2]
                    getattr(client("elbv2"), CALLS[verb])(**json.loads(schedule.target["Input"]))
                    self.fired.append(schedule.name)
                    group.schedules.pop(schedule.name, None)

    # -- databases -----------------------------------------------------------------------------------------------------

    def databases(self):
        """Do what RDS does once it has said yes: moto says it, and does nothing.

        A replica that is promoted is modified for a moment, and a copy no more; a snapshot is there after a moment.
        """
        for database in list(self.rds.databases.values()):
            if database.source_db_instance_identifier and not database.is_replica:
                since = self.asked.setdefault(database.db_instance_identifier, time.monotonic())
                if self.promotes and time.monotonic() - since > START_SECONDS:
                    database.status, database.source_db_instance_identifier = "available", None
        for snapshot in list(self.rds.database_snapshots.values()):
            since = self.asked.setdefault(snapshot.db_snapshot_identifier, time.monotonic())
            if snapshot.status == "creating" and time.monotonic() - since > START_SECONDS:
                snapshot.status = self.snapshots

    def behind(self, seconds):
        """Have the replica be so far behind, as if it always had been."""
        with self.measuring:
            self.lag = seconds
            self.metrics.metric_data = [each for each in self.metrics.metric_data if each.name != "ReplicaLag"]
        self.measured()

    def measured(self):
        """Hand CloudWatch the replica's lag, some times a minute and not once."""
        with self.measuring:
            self._measured()

    def _measured(self):
        copies = [one.db_instance_identifier for one in self.rds.databases.values() if one.is_replica]
        for name in copies if self.lag is not None else []:
            at = datetime.now(UTC).replace(tzinfo=None)
            dimensions = [{"Name": "DBInstanceIdentifier", "Value": name}]
            data = {"MetricName": "ReplicaLag", "Value": self.lag, "Dimensions": dimensions, "Timestamp": at}
            self.metrics.put_metric_data("AWS/RDS", [data])

    # -- load balancer -------------------------------------------------------------------------------------------------

    def answer(self, path):
        """Answer as the load balancer would: status, headers, body."""
        rules = sorted(
            self.listener.rules.values(),
            key=lambda rule: (rule.is_default, int(rule.priority or 0) if not rule.is_default else 0),
        )
        rule = next(rule for rule in rules if rule.is_default or self._fits(rule, path))
        (action,) = rule.actions
        if action.type == "fixed-response":
            fixed = action.data["FixedResponseConfig"]
            return int(fixed["StatusCode"]), {}, fixed["MessageBody"]
        groups = action.data["ForwardConfig"]["TargetGroups"]
        weights = [int(each["Weight"]) for each in groups]
        arn = random.choices([each["TargetGroupArn"] for each in groups], weights)[0]  # noqa: S311  # no secret
        group = self.balancer.target_groups[arn]
        if not group.targets:
            return 503, {}, "no targets"
        service = next(each for each in self.ecs.services.values() if each.load_balancers[0]["targetGroupArn"] == arn)
        # Who was in the slot before answers until the new ones are healthy.
        release = self.release(service.deployments[-1]["taskDefinition"])
        status = 500 if release == BROKEN else 200
        self.first.setdefault(service.name, time.monotonic())
        self.requests.append((arn, status))
        self.answered += 1
        return status, {"X-Release": release}, json.dumps({"release": release, "service": service.name})

    @staticmethod
    def _fits(rule, path):
        (condition,) = rule.conditions
        patterns = condition.get("PathPatternConfig", {}).get("Values", []) or condition.get("Values", [])
        return any(re.fullmatch(re.escape(each).replace(r"\*", ".*"), path) for each in patterns)

    def weights(self):
        """Give which target groups have any weight, of every rule."""
        return {
            group["TargetGroupArn"] for rule in list(self.listener.rules.values()) for action in rule.actions
            for group in action.data.get("ForwardConfig", {}).get("TargetGroups", []) if int(group["Weight"])
        }  # fmt: skip

    def count(self):
        """Hand CloudWatch what was counted since the last time."""
        counted, self.requests = self.requests, []
        if not counted:
            return
        balancer = self.listener.arn.partition(":listener/")[2].rpartition("/")[0]
        # Each target group, and all of them together.
        for arn in {arn for arn, _ in counted} | {""}:
            statuses = [status for each, status in counted if arn in {"", each}]
            dimensions = [{"Name": "LoadBalancer", "Value": balancer}]
            dimensions += [{"Name": "TargetGroup", "Value": arn.rpartition(":")[2]}] if arn else []
            data = [
                ("RequestCount", len(statuses)),
                ("HTTPCode_Target_5XX_Count", statuses.count(500)),
                ("TargetResponseTime", 0.02),
            ]
            self.metrics.put_metric_data(
                "AWS/ApplicationELB",
                [
                    {
                        "MetricName": name,
                        "Value": value,
                        "Dimensions": dimensions,
                        "Timestamp": datetime.now(UTC).replace(tzinfo=None),
                    }
                    for name, value in data
                ],
            )

    def run(self):
        last = time.monotonic()
        while not self.over.wait(LOOK_SECONDS):
            self.tasks()
            self.schedules()
            self.databases()
            if time.monotonic() - last > 0.5:
                last = time.monotonic()
                self.count()
                self.measured()


def _handler(plane):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            status, headers, body = plane.answer(self.path)
            content = body.encode()
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


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


def begins(status, asked):
    """Have RDS, of which moto says that all is done at once, begin with something."""

    def begin(self, *words, **more):
        made = asked(self, *words, **more)
        made.status = status
        return made

    return begin


def percentiles(asked):
    """Have moto, which knows no percentiles, give the highest value in their place."""

    def get_metric_data(self, queries, *words, **more):
        for query in queries:
            stat = query.get("MetricStat") or query.get("metric_stat") or {}
            for key in ("Stat", "stat"):
                if str(stat.get(key, "")).startswith("p"):
                    stat[key] = "Maximum"
        return asked(self, queries, *words, **more)

    return get_metric_data


def judged(asked, running):
    """Have moto, which finds every target healthy, find those unhealthy that are, on the plane that is running."""

    def health_for(group, target, ec2):
        if not any(group.arn in here.sick for here in running) or target["Id"] not in group.targets:
            return asked(group, target, ec2)
        codes = "Health checks failed with these codes: [503]"
        return FakeHealthStatus(target["Id"], "80", "80", "unhealthy", "Target.ResponseCodeMismatch", codes)

    return health_for


def insights(log_groups, query, start_time, end_time):
    """Answer the one kind of question that handrail asks of Logs Insights; moto filters nothing and counts nothing."""
    wanted = re.compile(re.search(r"like /(.*?)/ \|", query)[1])
    found = Counter(
        (group.name, event.message)
        for group in log_groups for stream in group.streams.values() for event in stream.events
        if start_time * 1000 <= event.timestamp <= end_time * 1000 and wanted.search(event.message)
    )  # fmt: skip
    return [
        {"@log": f"{ACCOUNT}:{group}", "@message": message, "lines": count}
        for (group, message), count in found.most_common()
    ]


@contextmanager
def plane(port=0):
    """Run it; gives the plane and the port of its load balancer."""
    here = Plane()
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(here)) as server:
        threads = [
            threading.Thread(target=server.serve_forever, daemon=True),
            threading.Thread(target=here.run, daemon=True),
        ]
        for thread in threads:
            thread.start()
        yield here, server.server_address[1]
        here.over.set()
        server.shutdown()
