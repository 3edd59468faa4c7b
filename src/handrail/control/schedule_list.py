"""The tasks of a schedule as they stand: when each was run last and is due next, and what has waited for too long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from handrail.journal.record import written
from handrail.model.occasion import due, is_overdue
from handrail.model.when import following

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from handrail.model.occasion import Due, Past
    from handrail.model.schedule import Schedule, Task


@dataclass(frozen=True)
class Standing:
    """How one task stands."""

    task: Task
    zone: ZoneInfo
    following: datetime | None
    due: Due | None
    overdue: bool
    runs: Past | None
    last: Past | None

    @property
    def state(self) -> str:
        """How it stands in a word."""
        if self.runs:
            return "runs"
        if self.overdue:
            return "overdue"
        return "due" if self.due else ""

    @property
    def doing(self) -> str:
        """What does it, as the YAML says it."""
        value = getattr(self.task, self.task.kind)
        return " ".join(value) if isinstance(value, tuple) else str(value)

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        last = self.last
        return {
            "task": self.task.name, "owner": self.task.owner, "when": str(self.task.when), "time_zone": self.zone.key,
            "kind": self.task.kind, "doing": self.doing, "state": self.state, "overdue": self.overdue,
            "next": written(self.following) if self.following else "",
            "local_next": self.following.astimezone(self.zone).isoformat() if self.following else "",
            "due": written(self.due.occasion) if self.due else "", "missed": self.due.missed if self.due else 0,
            "last": past_json(last) if last else None,
        }  # fmt: skip


def standings(
    schedule: Schedule, past: Mapping[str, Sequence[Past]], since: Mapping[str, datetime], now: datetime
) -> list[Standing]:
    """Tell how each task stands; one that was never seen counts from now on."""
    zone = ZoneInfo(schedule.time_zone)
    found = []
    for name, task in schedule.tasks.items():
        runs = past.get(name, ())
        each = due(task, zone, runs, since=since.get(name, now), now=now)
        ended = [run for run in runs if run.ended]
        found.append(
            Standing(
                task, zone, following(task.when, zone, after=now), each,
                overdue=is_overdue(task, each, now=now),
                runs=next((run for run in runs if run.runs(now)), None),
                last=max(ended, key=lambda run: run.started, default=None),
            )
        )  # fmt: skip
    return found


def past_json(run: Past) -> dict[str, Any]:
    """Give a run for machines."""
    return {
        "task": run.task, "occasion": written(run.occasion), "level": run.level or "", "text": run.text,
        "started": written(run.started), "ended": written(run.ended) if run.ended else "", "who": run.who,
        "missed": run.missed, "run": run.run, "open": run.open,
    }  # fmt: skip
