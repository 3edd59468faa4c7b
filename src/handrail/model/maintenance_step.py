"""One step of a maintenance window, and how it came out. Imports nothing heavy: each step has a process of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# The key of the moment from which everything is undone.
TURN = "turn"


class Outcome(StrEnum):
    """How a step came out."""

    OK = "ok"
    FAILED = "failed"
    ABORTED = "aborted"
    # Nobody knows which release is live where.
    MIXED = "mixed"


@dataclass(frozen=True)
class Step:
    """One step: words of a `fab` task, or a command of the file's."""

    key: str
    title: str
    argv: tuple[str, ...]
    takes: timedelta
    own: bool = False
    done_when: tuple[str, ...] = ()
    # Exit codes that are good.
    good: tuple[int, ...] = (0,)
    # It goes on for so long; one that was broken off goes on for what is left of that.
    lasts: timedelta = timedelta()

    @property
    def changes(self) -> bool:
        """Whether it is a verb that changes something."""
        return not self.own and "--yes" in self.argv


@dataclass(frozen=True)
class Done:
    """A step that is over; its key is that of a step, or `TURN`."""

    key: str
    outcome: Outcome
    text: str = ""
