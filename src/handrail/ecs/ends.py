"""How tasks ended: what ECS says of it, what that means, and what the program printed last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
LAST_LINES = 20


@dataclass(frozen=True)
class End:
    """How a task ended: its ARN, what ECS says of it, when in seconds since 1970; None where ECS does not tell."""

    arn: str
    text: str
    at: float | None = None

    @property
    def wanted(self) -> bool:
        """Whether ECS was told to stop it."""
        return self.text.startswith(TOLD)


def end_of(task: Mapping[str, Any]) -> End:
    """Read one of `describe_tasks`."""
    at = task.get("stoppedAt")
    return End(task["taskArn"], "; ".join(said(task)), at.timestamp() if at else None)


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
