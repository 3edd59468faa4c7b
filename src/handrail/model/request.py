"""What an operator says of a change, beside what it does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """`change` names the one that allows the run; without it one is looked for that has the same plan."""

    change: str = ""
    emergency: bool = False
    reason: str = ""
