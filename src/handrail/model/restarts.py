"""How often programs were started again by themselves: since a watch began, and how long ago."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.model import duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.slot import Slot

Program = tuple[str, str, "Slot", int]
"""A host, a service, a slot, and the number of an instance."""


# Docker waits up to a minute between two starts. Whoever dies more seldom than this serves most of the time.
RECENT = timedelta(minutes=10)


@dataclass
class Restarts:
    """How often each program had been started again when it was looked at first."""

    _first: dict[Program, int] = field(default_factory=dict)

    def risen(self, counts: Mapping[Program, int]) -> dict[Program, int]:
        """Tell how often programs were started again since. Whoever starts one anew has its count begin anew."""
        for program, count in counts.items():
            self._first[program] = min(count, self._first.get(program, count))
        more = {program: count - self._first[program] for program, count in counts.items()}
        return {program: number for program, number in more.items() if number}


@dataclass(frozen=True)
class Restarted:
    """What a host says of a program that was started again: its age, None when it does not run, and why it died."""

    age: timedelta | None = None
    why: str = ""

    @property
    def recent(self) -> bool:
        """Whether it was started a short time ago, or is down right now."""
        return self.age is None or self.age < RECENT

    def words(self, count: int, since: str) -> str:
        """Say it in one line."""
        times = f"{count} times" if count > 1 else "once"
        ago = f" {duration.text(timedelta(seconds=int(self.age.total_seconds())))} ago" if self.age is not None else ""
        last = f",{' the last time' if count > 1 else ''}{ago}" if ago else ""
        return f"started again {times} {since}{last}{f': {self.why}' if self.why else ''}"
