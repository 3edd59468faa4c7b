"""What happened: one event for each step on each host. Progress, records and notifications all get the same object."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """`at` is UTC in ISO 8601; `seconds` is how long the step took on this host."""

    run_id: str
    step: str
    title: str
    host: str
    outcome: str
    words: str
    at: str
    seconds: float = 0.0
    log: str = ""

    def json(self) -> dict[str, Any]:
        """Give the event for machines."""
        return asdict(self)
