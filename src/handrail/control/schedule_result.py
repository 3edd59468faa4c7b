"""What came of a task that was due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.journal.record import written

if TYPE_CHECKING:
    from handrail.model.level import Level
    from handrail.model.occasion import Due, Past
    from handrail.model.schedule import Task


@dataclass(frozen=True)
class Result:
    """What came of a task that was due; without `run` a person still has time for it."""

    task: Task
    due: Due
    level: Level
    text: str
    run: Past | None = None

    @property
    def waits(self) -> bool:
        """Whether a person has to do it."""
        return self.run is None or self.run.open

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        run = self.run
        return {
            "task": self.task.name, "owner": self.task.owner, "kind": self.task.kind, "level": self.level,
            "text": self.text, "occasion": written(self.due.occasion), "missed": self.due.missed, "waits": self.waits,
            "started": written(run.started) if run else "", "ended": written(run.ended) if run and run.ended else "",
            "who": run.who if run else "", "run": run.run if run else "",
        }  # fmt: skip
