"""The way back that needs nobody: one-time schedules of EventBridge that put the weights back, unless they are deleted.

They are in a group of their own. Deleting that group is the one request that confirms a cutover.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from handrail.model.slot import Slot

if TYPE_CHECKING:
    from handrail.ecs.listener import Listener
    from handrail.ecs.place import Place

# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
TARGET = "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:{verb}"


@dataclass(frozen=True)
class Pending:
    """A way back that is armed: to which slot, by which run's token, and when."""

    group: str
    slot: Slot
    token: int
    at: datetime


@dataclass(frozen=True)
class Revert:
    """The schedules of one environment."""

    client: Any
    place: Place

    @property
    def _prefix(self) -> str:
        return f"{self.place.prefix}-revert-"

    def armed(self) -> list[Pending]:
        """List what is armed."""
        pages = self.client.get_paginator("list_schedule_groups").paginate(NamePrefix=self._prefix)
        names = [each["Name"] for page in pages for each in page["ScheduleGroups"] if each.get("State") != "DELETING"]
        return [found for name in names if (found := self._read(name)) is not None]

    def _read(self, name: str) -> Pending | None:
        """Read a group's name: to which slot, the token, and the moment are in it."""
        match = re.fullmatch(r"(blue|green)-([0-9]+)-([0-9]{8}T[0-9]{6})", name.removeprefix(self._prefix))
        if match is None:
            return None
        at = datetime.strptime(match[3], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        return Pending(name, Slot(match[1]), int(match[2]), at)

    def arm(self, listener: Listener, back_to: Slot, *, token: int, now: float, seconds: int) -> Pending:
        """Have every service's weights put back at a moment, whoever is there then."""
        at = datetime.fromtimestamp(now, UTC) + timedelta(seconds=seconds)
        name = f"{self._prefix}{back_to}-{token}-{at:%Y%m%dT%H%M%S}"
        self.client.create_schedule_group(Name=name)
        for number, (verb, words) in enumerate(listener.changes(back_to), start=1):
            self.client.create_schedule(
                Name=f"{verb}-{number}", GroupName=name,
                ScheduleExpression=f"at({at:%Y-%m-%dT%H:%M:%S})", ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"}, ActionAfterCompletion="DELETE",
                Target={"Arn": TARGET.format(verb=verb), "RoleArn": self.place.role, "Input": json.dumps(words)},
            )  # fmt: skip
        return Pending(name, back_to, token, at)

    def disarm(self) -> None:
        """Delete all that is armed."""
        for each in self.armed():
            self.drop(each)

    def drop(self, pending: Pending) -> None:
        """Delete one way back."""
        self.client.delete_schedule_group(Name=pending.group)
