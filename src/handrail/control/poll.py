"""What one look of a watch saw, and how a watch ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.model.level import Finding, Level, worst

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from handrail.model.vitals import Traffic


@dataclass(frozen=True)
class Poll:
    """What one look saw: every finding, and the numbers of each edge's traffic."""

    at: datetime
    findings: tuple[Finding, ...]
    traffic: Mapping[str, Traffic]

    @property
    def level(self) -> Level:
        """The worst of its findings."""
        return worst(finding.level for finding in self.findings)


@dataclass(frozen=True)
class Ending:
    """How a watch ended."""

    outcome: str
    exit_code: int
    text: str
    next_step: str = ""

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return {
            "outcome": self.outcome, "exit_code": self.exit_code, "text": self.text, "next_step": self.next_step,
        }  # fmt: skip
