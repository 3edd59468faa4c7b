"""When a watch has seen enough: an ALERT that is still there at the next look is a breach, a single one is not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handrail.model.level import Finding, Level, worst

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Place = tuple[str, str]
"""What a finding is of, and the host."""


@dataclass(frozen=True)
class Breach:
    """An ALERT that stayed, and when it was seen first."""

    finding: Finding
    since: datetime


@dataclass
class Record:
    """What a watch has seen so far."""

    looks: int = 0
    worst: Level = Level.OK
    _alerts: dict[Place, datetime] = field(default_factory=dict)

    def take(self, findings: Sequence[Finding], *, at: datetime) -> tuple[Breach, ...]:
        """Take in one look, and name the ALERTs that were there at the last one, too."""
        self.looks += 1
        self.worst = worst([self.worst, *(finding.level for finding in findings)])
        alerts = [finding for finding in findings if finding.level is Level.ALERT]
        before, self._alerts = self._alerts, {(finding.what, finding.host): at for finding in alerts}
        return tuple(
            Breach(finding, before[finding.what, finding.host])
            for finding in alerts
            if (finding.what, finding.host) in before
        )

    @property
    def in_doubt(self) -> bool:
        """Whether the last look had an ALERT that only another look can confirm."""
        return bool(self._alerts)

    @property
    def exit_code(self) -> int:
        """1 when anything was a WARN, or an ALERT that went away; a breach is the caller's to tell."""
        return min(self.worst.rank, 1)
