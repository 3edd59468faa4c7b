"""How bad something is, and what was found: the lines of `fab health`, `fab check` and `fab watch`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Level(StrEnum):
    """How bad it is."""

    OK = "OK"
    WARN = "WARN"
    ALERT = "ALERT"

    @property
    def rank(self) -> int:
        """0, 1 or 2: the exit code of `fab check` and `fab watch`."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    host: str
    text: str

    def json(self) -> dict[str, Any]:
        """Give the finding for machines."""
        return asdict(self)


def worst(levels: Iterable[Level]) -> Level:
    """Give the worst of them; of nothing, OK."""
    return max(levels, key=lambda level: level.rank, default=Level.OK)


Findings = dict[str, list[Finding]]
"""Findings by the names of the checks."""
