"""When a watch has seen enough: an ALERT that is still there at the next look is a breach, and one that comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handrail.model.level import Finding, Level, worst

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

Place = tuple[str, str]
"""What a finding is of, and the host."""

# A program that dies and is started again is well at some looks: so many ALERTs of one place within so many looks.
ALERTS = 3
LOOKS = 10


@dataclass(frozen=True)
class Breach:
    """An ALERT that stayed or came back, and when it was seen first."""

    finding: Finding
    since: datetime


@dataclass
class Record:
    """What a watch has seen so far."""

    looks: int = 0
    worst: Level = Level.OK
    _alerts: dict[Place, dict[int, datetime]] = field(default_factory=dict)

    def take(self, findings: Sequence[Finding], *, at: datetime) -> tuple[Breach, ...]:
        """Take in one look, and name the ALERTs that were there at the last one, too, or at two of the last nine."""
        self.looks += 1
        self.worst = worst([self.worst, *(finding.level for finding in findings)])
        alerts = [finding for finding in findings if finding.level is Level.ALERT]
        for finding in alerts:
            self._alerts.setdefault((finding.what, finding.host), {})[self.looks] = at
        return tuple(Breach(finding, since) for finding in alerts for since in self._since(finding))

    def _since(self, finding: Finding) -> list[datetime]:
        """Tell since when there is an ALERT of this place, if it is a breach."""
        seen = self._alerts[finding.what, finding.host]
        lately = [at for look, at in seen.items() if look > self.looks - LOOKS]
        if len(lately) >= ALERTS:
            return lately[:1]
        return [seen[self.looks - 1]] if self.looks - 1 in seen else []

    @property
    def in_doubt(self) -> bool:
        """Whether the last look had an ALERT that only another look can confirm."""
        return any(self.looks in seen for seen in self._alerts.values())

    @property
    def exit_code(self) -> int:
        """1 when anything was a WARN, or an ALERT that went away; a breach is the caller's to tell."""
        return min(self.worst.rank, 1)
