"""What became of a message on its way to one URL of one channel."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How far it is."""

    SENT = "sent"
    # By whoever had the same message before.
    BEFORE = "sent before"
    # By us after the time that somebody waits, or by another process.
    UNDER_WAY = "under way"
    FAILED = "failed"
    # Its sender is gone, and nobody has taken it up since.
    LOST = "lost"

    @property
    def good(self) -> bool:
        """Whether it is there, or may still arrive."""
        return self not in {State.FAILED, State.LOST}


@dataclass(frozen=True)
class Delivery:
    """One message to one URL, which is named by its secret."""

    channel: str
    secret: str
    state: State
    tries: int = 0
    text: str = ""

    def __str__(self) -> str:
        why = f": {self.text}" if self.text else ""
        return f"{self.channel} ({self.secret}) {self.state}{why}"

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return asdict(self)


def untold(deliveries: tuple[Delivery, ...]) -> str:
    """Say what did not arrive, or has not yet, as one line; nothing when all is well."""
    missing = [str(each) for each in deliveries if each.state not in {State.SENT, State.BEFORE}]
    return f"NOT TOLD: {'; '.join(missing)}" if missing else ""
