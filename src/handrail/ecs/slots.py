"""Blue and green: two ECS services for each service. Start one, wait until it is healthy, stop it, say why."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from handrail.ecs.clients import Clients
    from handrail.ecs.place import Place
    from handrail.model.slot import Slot

# A call takes what it takes: ten services in one request, a hundred tasks.
SERVICES_AT_ONCE, TASKS_AT_ONCE = 10, 100
LOOK_SECONDS = 2.0
# One that could not be started at all is tried again and again; so many ends of tasks mean that it will not come up.
ENDS_THAT_MEAN_DEAD = 3
HEALTHY = "healthy"
# What ECS says of a task's end, to what it means; the rest is said in its own words.
REASONS = (
    ("CannotPullContainerError", "its image cannot be fetched"),
    ("ResourceInitializationError", "a secret or its log cannot be reached"),
    ("OutOfMemory", "out of memory"),
    ("failed ELB health checks", "the load balancer's health check failed"),
    ("failed container health checks", "its own health check failed"),
)


@dataclass(frozen=True)
class Counts:
    """One ECS service: tasks that are wanted, that run, that are healthy behind the load balancer; its definition."""

    wanted: int
    running: int
    definition: str
    state: str = ""


@dataclass(frozen=True)
class Slots:
    """The ECS services of one environment; `sleep` and `clock` are the machine's, but in tests."""

    clients: Clients
    place: Place
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def counts(self) -> dict[str, Counts]:
        """Ask for all services in both slots, ten in a request; by SERVICE-SLOT."""
        keys = {name: key for key, name in self.place.services.items()}
        found: dict[str, Counts] = {}
        names = sorted(keys)
        for first in range(0, len(names), SERVICES_AT_ONCE):
            some = names[first : first + SERVICES_AT_ONCE]
            reply = self.clients.ecs.describe_services(cluster=self.place.cluster, services=some)
            for each in reply["services"]:
                found[keys[each["serviceName"]]] = _counts(each)
        return found

    def healthy(self, service: str, slot: Slot) -> int:
        """Count the tasks that the load balancer finds healthy."""
        reply = self.clients.balancer.describe_target_health(TargetGroupArn=self.place.group(service, slot))
        return sum(each["TargetHealth"]["State"] == HEALTHY for each in reply["TargetHealthDescriptions"])

    def start(self, service: str, slot: Slot, *, definition: str, count: int) -> None:
        """Have so many tasks of a definition; ECS replaces what runs by one task after the other."""
        self.clients.ecs.update_service(
            cluster=self.place.cluster, service=self.place.service(service, slot), taskDefinition=definition,
            desiredCount=count,
        )  # fmt: skip

    def size(self, service: str, slot: Slot, count: int) -> None:
        """Have another number of tasks."""
        name = self.place.service(service, slot)
        self.clients.ecs.update_service(cluster=self.place.cluster, service=name, desiredCount=count)

    def keep(self, service: str, slot: Slot, least: int, most: int) -> None:
        """Tell AWS's own scaling how few and how many tasks a slot may have."""
        self.clients.scaling.register_scalable_target(
            ServiceNamespace="ecs", ScalableDimension="ecs:service:DesiredCount",
            ResourceId=f"service/{self.place.cluster}/{self.place.service(service, slot)}",
            MinCapacity=least, MaxCapacity=most,
        )  # fmt: skip

    def wait(self, service: str, slot: Slot, count: int, *, seconds: float) -> tuple[bool, str, str]:
        """Wait until so many tasks are healthy; tells whether they are, in words, and why others ended."""
        began, name = self.clock(), self.place.service(service, slot)
        before = {end["arn"] for end in self.ended(name)}
        while True:
            well, passed = self.healthy(service, slot), self.clock() - began
            if well >= count:
                return True, f"{well} of {count} tasks healthy after {passed:.1f} s", ""
            ends = [end for end in self.ended(name) if end["arn"] not in before]
            said = "\n".join(dict.fromkeys(end["text"] for end in ends))
            if len(ends) >= max(ENDS_THAT_MEAN_DEAD, count):
                return False, f"{service} does not come up: {meaning(said) or said.splitlines()[0]}", said
            if passed >= seconds:
                why = meaning(said)
                return False, (
                    f"{service} was not healthy within {seconds:.0f} s: {well} of {count} tasks are"
                    f"{f'; {why}' if why else ''}"
                ), said  # fmt: skip
            self.sleep(LOOK_SECONDS)

    def ended(self, name: str) -> list[dict[str, str]]:
        """List the tasks of an ECS service that ended in the last hour, each with the reason that ECS gives."""
        found = self.clients.ecs.list_tasks(cluster=self.place.cluster, serviceName=name, desiredStatus="STOPPED")
        arns = found["taskArns"][:TASKS_AT_ONCE]
        if not arns:
            return []
        told = self.clients.ecs.describe_tasks(cluster=self.place.cluster, tasks=arns)["tasks"]
        mine = [task for task in told if task.get("group") == f"service:{name}"]
        return [{"arn": task["taskArn"], "text": "; ".join(_said(task))} for task in mine]

    def once(
        self, service: str, slot: Slot, *, definition: str, command: Iterable[str], seconds: float
    ) -> tuple[bool, str]:
        """Run another command of a release as a task of its own, and wait for its end."""
        name = self.place.service(service, slot)
        (there,) = self.clients.ecs.describe_services(cluster=self.place.cluster, services=[name])["services"]
        reply = self.clients.ecs.run_task(
            cluster=self.place.cluster, taskDefinition=definition, launchType="FARGATE", count=1,
            networkConfiguration=there["networkConfiguration"],
            overrides={"containerOverrides": [{"name": service, "command": list(command)}]},
        )  # fmt: skip
        if not reply["tasks"]:
            return False, "; ".join(each.get("reason", "") for each in reply["failures"]) or "ECS started no task"
        arn, began = reply["tasks"][0]["taskArn"], self.clock()
        while True:
            (task,) = self.clients.ecs.describe_tasks(cluster=self.place.cluster, tasks=[arn])["tasks"]
            if task["lastStatus"] == "STOPPED":
                code = next((each.get("exitCode") for each in task["containers"] if each["name"] == service), None)
                return code == 0, "; ".join(_said(task)) or f"ended with {code}"
            if self.clock() - began >= seconds:
                self.clients.ecs.stop_task(cluster=self.place.cluster, task=arn, reason="its time is over")
                return False, f"ended after {seconds:.0f} s, which is all the time that it has"
            self.sleep(LOOK_SECONDS)


def meaning(said: str) -> str:
    """Say what the end of a task means."""
    return next((words for mark, words in REASONS if mark in said), "")


def _counts(told: Mapping[str, Any]) -> Counts:
    rollout = next(
        (each.get("rolloutState", "") for each in told.get("deployments", []) if each["status"] == "PRIMARY"), ""
    )
    return Counts(told["desiredCount"], told["runningCount"], told["taskDefinition"], rollout.lower())


def _said(task: Mapping[str, Any]) -> list[str]:
    reasons = [task.get("stoppedReason", "")]
    for container in task.get("containers", []):
        reasons.append(container.get("reason", ""))
        if container.get("exitCode") is not None:
            reasons.append(f"{container['name']} ended with {container['exitCode']}")
    return [reason for reason in reasons if reason]
