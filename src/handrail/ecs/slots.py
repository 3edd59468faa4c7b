"""Blue and green: two ECS services for each service. Start one, wait until it is healthy, stop it, say why."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.ecs.ends import TASKS_AT_ONCE, ended, meaning, said, told
from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from handrail.ecs.clients import Clients
    from handrail.ecs.ends import End
    from handrail.ecs.place import Place

# A call takes what it takes.
SERVICES_AT_ONCE = 10
# Tasks that were there before are healthy in a moment, new ones on Fargate in half a minute.
FIRST_LOOK_SECONDS, LOOK_SECONDS = 0.25, 2.0
# One that could not be started at all is tried again and again; so many ends of tasks mean that it will not come up.
ENDS_THAT_MEAN_DEAD = 3
HEALTHY, UNHEALTHY = "healthy", "unhealthy"


@dataclass(frozen=True)
class Counts:
    """One ECS service: tasks that are wanted, that run, its definition, and tasks of another one that still run."""

    wanted: int
    running: int
    definition: str
    state: str = ""
    former: int = 0


@dataclass(frozen=True)
class Slots:
    """The ECS services of one environment; `sleep` and `clock` are the machine's, but in tests."""

    clients: Clients
    place: Place
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def counts(self) -> dict[str, Counts]:
        """Ask for all services, slot by slot, ten in a request; by SERVICE-SLOT."""
        keys = {name: key for key, name in self.place.services.items()}
        found: dict[str, Counts] = {}
        for slot in Slot:
            names = sorted(name for name, key in keys.items() if key.endswith(f"-{slot}"))
            for first in range(0, len(names), SERVICES_AT_ONCE):
                some = names[first : first + SERVICES_AT_ONCE]
                found |= {keys[each["serviceName"]]: _counts(each) for each in self._described(some)}
        return found

    def healthy(self, service: str, slot: Slot, counts: Counts | None = None) -> int:
        """Count the tasks that the load balancer finds healthy; with counts, those of a former definition are none."""
        return _well(counts.former if counts else 0, self._targets(service, slot))

    def _described(self, names: list[str]) -> list[dict[str, Any]]:
        reply = self.clients.ecs.describe_services(cluster=self.place.cluster, services=names)
        return list(reply["services"])

    def _targets(self, service: str, slot: Slot) -> list[dict[str, str]]:
        reply = self.clients.balancer.describe_target_health(TargetGroupArn=self.place.group(service, slot))
        return [each["TargetHealth"] for each in reply["TargetHealthDescriptions"]]

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

    def wait(self, service: str, slot: Slot, count: int, *, seconds: float) -> tuple[bool, str, list[End]]:
        """Wait until so many tasks are healthy; tells whether they are, in words, and which others ended.

        Those of the release that was in the slot before do not count: ECS leaves them until others are healthy.
        """
        began, mine = self.clock(), f"{service}-{slot}"
        before, pause = {end.arn for end in ended(self.clients, self.place, mine)}, FIRST_LOOK_SECONDS
        while True:
            (seen,) = self._described([self.place.service(service, slot)])
            targets, passed = self._targets(service, slot), self.clock() - began
            well = _well(_counts(seen).former, targets)
            if well >= count:
                return True, f"{well} of {count} tasks healthy after {passed:.1f} s", []
            ends = [end for end in ended(self.clients, self.place, mine) if end.arn not in before]
            why = told(ends)
            if len(ends) >= max(ENDS_THAT_MEAN_DEAD, count):
                return False, f"{service} does not start: {meaning(why) or why.splitlines()[0]}", ends
            if passed >= seconds:
                sick = (each.get("Description", "") for each in targets if each["State"] == UNHEALTHY)
                because = meaning(why) or next(filter(None, sick), "")
                words = f"{service} was not healthy within {seconds:.0f} s: {well} of {count} tasks are"
                return False, f"{words}; {because}" if because else words, ends
            self.sleep(pause)
            pause = min(2 * pause, LOOK_SECONDS)

    def alive(self) -> list[str]:
        """Name the ECS services of which a task has not ended: one that is being stopped may still do something."""
        counts = self.counts()
        found = []
        for key, one in sorted(counts.items()):
            asked = {"cluster": self.place.cluster, "serviceName": self.place.services[key], "desiredStatus": "STOPPED"}
            arns = self.clients.ecs.list_tasks(**asked)["taskArns"][:TASKS_AT_ONCE]
            tasks = self.clients.ecs.describe_tasks(cluster=self.place.cluster, tasks=arns)["tasks"] if arns else []
            if one.running or any(task["lastStatus"] != "STOPPED" for task in tasks):
                found.append(key)
        return found

    def once(
        self, service: str, slot: Slot, *, definition: str, command: Iterable[str], seconds: float
    ) -> tuple[bool, str]:
        """Run another command of a release as a task of its own, and wait for its end."""
        name = self.place.service(service, slot)
        (there,) = self._described([name])
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
                return code == 0, "; ".join(said(task)) or f"ended with {code}"
            if self.clock() - began >= seconds:
                self.clients.ecs.stop_task(cluster=self.place.cluster, task=arn, reason="its time is over")
                return False, f"ended after {seconds:.0f} s, which is all the time that it has"
            self.sleep(LOOK_SECONDS)


def _counts(service: Mapping[str, Any]) -> Counts:
    definition, deployments = service["taskDefinition"], service.get("deployments", [])
    rollout = next((each.get("rolloutState", "") for each in deployments if each["status"] == "PRIMARY"), "")
    former = sum(each["runningCount"] for each in deployments if each["taskDefinition"] != definition)
    return Counts(service["desiredCount"], service["runningCount"], definition, rollout.lower(), former)


def _well(former: int, targets: Sequence[Mapping[str, str]]) -> int:
    """Count healthy tasks but for the former; targets are asked for last: who is gone by then is taken off, not in."""
    return max(0, sum(each["State"] == HEALTHY for each in targets) - former)
