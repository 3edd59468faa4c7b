"""How tasks ended: what ECS says of it, what that means, and what the program printed last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.model.cloud_vitals import Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from handrail.ecs.clients import Clients
    from handrail.ecs.place import Place
    from handrail.model.slot import Slot

# What ECS says of a task's end, to what it means; the rest is said in its own words.
REASONS = (
    ("CannotPullContainerError", "its image cannot be fetched"),
    ("ResourceInitializationError", "a secret or its log cannot be reached"),
    ("OutOfMemory", "out of memory"),
    ("failed ELB health checks", "the load balancer's health check failed"),
    ("failed container health checks", "its own health check failed"),
)
# ECS says so of tasks that it was told to stop.
TOLD = "Scaling activity initiated by"
TASKS_AT_ONCE, LAST_LINES = 100, 20


@dataclass(frozen=True)
class End:
    """How a task ended: its ARN, of which service and slot (`api-blue`), what ECS says of it, and when."""

    arn: str
    of: str
    text: str
    at: datetime | None = None

    @property
    def why(self) -> str:
        """Say what it means, and what ECS says."""
        means, text = meaning(self.text), self.text or "ECS gives no reason"
        return f"{means} ({text})" if means else text

    def ago(self, now: datetime) -> Ended:
        """Tell it as of now; one whose moment ECS does not tell has ended just now."""
        return Ended(now - min(self.at or now, now), self.why)


def ended(clients: Clients, place: Place, of: str = "") -> tuple[End, ...]:
    """List what ended in the last hour though nobody told it to: one question, and one more for each hundred tasks.

    With `of`, such as `api-blue`, of that service in that slot alone.
    """
    only = {"serviceName": place.services[of]} if of else {}
    pages = clients.ecs.get_paginator("list_tasks").paginate(cluster=place.cluster, desiredStatus="STOPPED", **only)
    arns = [arn for page in pages for arn in page["taskArns"]]
    found = []
    for first in range(0, len(arns), TASKS_AT_ONCE):
        some = arns[first : first + TASKS_AT_ONCE]
        found += clients.ecs.describe_tasks(cluster=place.cluster, tasks=some)["tasks"]
    keys = {f"service:{name}": key for key, name in place.services.items() if of in {"", key}}
    ends = (_end(task, keys[task["group"]]) for task in found if task.get("group") in keys)
    return tuple(end for end in ends if not end.text.startswith(TOLD))


def _end(task: Mapping[str, Any], key: str) -> End:
    return End(task["taskArn"], key, "; ".join(said(task)), task.get("stoppedAt"))


def said(task: Mapping[str, Any]) -> list[str]:
    """List what ECS says of the end of a task and of its containers."""
    reasons = [task.get("stoppedReason", "")]
    for container in task.get("containers", []):
        reasons.append(container.get("reason", ""))
        if container.get("exitCode") is not None:
            reasons.append(f"{container['name']} ended with {container['exitCode']}")
    return [reason for reason in reasons if reason]


def told(ends: Iterable[End]) -> str:
    """Say what ECS says of tasks that ended, each reason once."""
    return "\n".join(dict.fromkeys(end.text for end in ends))


def meaning(text: str) -> str:
    """Say what the end of a task means; empty when ECS's own words are all there is."""
    return next((words for mark, words in REASONS if mark in text), "")


def last_words(logs: Any, place: Place, service: str, slot: Slot, ends: Sequence[End]) -> str:
    """Read what the last of them printed before it ended; empty when it printed nothing, or never began."""
    if not ends:
        return ""
    stream = f"{slot}/{service}/{ends[-1].arn.rpartition('/')[2]}"
    try:
        reply = logs.get_log_events(
            logGroupName=place.log_groups[service], logStreamName=stream, limit=LAST_LINES, startFromHead=False
        )
    except logs.exceptions.ResourceNotFoundException:
        return ""
    return "\n".join(event["message"].rstrip() for event in reply["events"])
