"""News of scheduled tasks: what failed, warned or was missed, for whoever is to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from handrail.control.show import warning
from handrail.journal.record import written
from handrail.model.happening import Happening
from handrail.model.level import Level
from handrail.model.zone import shown
from handrail.notify.announce import announce

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from handrail.hosts.inventory import Loaded
    from handrail.model.occasion import Past
    from handrail.model.schedule import Task

WARNED, FAILED, MISSED = "schedule.warned", "schedule.failed", "schedule.missed"


class Tell(Protocol):
    """Whoever is told of what failed, warned or was missed."""

    def __call__(self, loaded: Loaded, event: str, facts: Mapping[str, str], *, key: str) -> object:
        """Tell it; the same event with the same key is the same, and is told once."""


def tell(loaded: Loaded, event: str, facts: Mapping[str, str], *, key: str) -> None:
    """Say it on standard error, and tell the channels that the environment names for it."""
    environment = loaded.environment
    where = f"{environment.system.name} on {environment.name}"
    warning(f"{event} {where}: {facts['schedule']} ({facts['owner']}): {facts['text']}")
    announce(loaded, Happening(event), facts, key=key)


def news(task: Task, run: Past, zone: ZoneInfo, *, late: bool) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the events of a run that ended, each with its facts: none where all is well and in time."""
    facts = {
        "schedule": task.name, "owner": task.owner, "due": shown(run.occasion, zone), "text": run.text,
        "kind": task.kind, "level": str(run.level), "missed": str(run.missed), "who": run.who, "run": run.run,
    }  # fmt: skip
    if run.missed or run.open or late:
        yield MISSED, facts
    if run.level is Level.WARN and not run.open:
        yield WARNED, facts
    if run.level is Level.ALERT:
        yield FAILED, facts


def key_of(run: Past) -> str:
    """Name an occasion, so that whoever tells of it names it so."""
    return f"{run.task}/{written(run.occasion)}"
