"""What a host could update, and what it asks for since it did: each a finding with its level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.model import moment
from handrail.model.level import Finding, Level
from handrail.model.package import Package, to_apply

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from handrail.model.dependency import Audit
    from handrail.model.threshold import Thresholds

# So many packages are named in a line; JSON has them all.
NAMED = 4


@dataclass(frozen=True)
class Updates:
    """What one host said. `stale` units run files that an update has replaced; `broken` packages are half installed.

    `again` are those of the stale ones that an update starts again.
    """

    host: str
    packages: tuple[Package, ...] = ()
    lists_age: timedelta | None = None
    reboot: bool = False
    stale: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    audits: tuple[Audit, ...] = ()

    @property
    def security(self) -> tuple[Package, ...]:
        """Those that are for security."""
        return tuple(each for each in self.packages if each.security)

    @property
    def words(self) -> str:
        """Say what could be updated in one line."""
        count = len(self.packages)
        again = f"; to be started again: {', '.join(self.again)}" if self.again else ""
        return f"{count} update{'s'[: count != 1]}, {len(self.security)} for security{_named(self.packages)}{again}"

    def to_apply(self, *, every: bool) -> tuple[Package, ...]:
        """Choose what is asked for."""
        return to_apply(self.packages, every=every)

    def is_due(self, *, every: bool, reboot: bool) -> bool:
        """Whether there is something to do: updates, or what an earlier run that failed has left."""
        return bool(self.to_apply(every=every) or self.again or (reboot and self.reboot))

    def findings(self, limits: Thresholds) -> Iterator[Finding]:
        """Judge what was said: security updates and half-installed packages are an ALERT, all else is a WARN."""
        for problem in self.problems:
            yield Finding(Level.WARN, "packages", self.host, f"cannot be asked: {problem}")
        if self.broken:
            yield Finding(Level.ALERT, "packages", self.host, f"half installed: {', '.join(self.broken)}")
        if not self.problems:
            level = Level.ALERT if self.security else Level.WARN if self.packages else Level.OK
            yield Finding(level, "packages", self.host, self.words)
            yield self._lists(limits)
        if self.reboot:
            yield Finding(Level.WARN, "reboot", self.host, "an update that is installed asks for it")
        if self.stale:
            yield Finding(Level.WARN, "restart", self.host, f"on files that are replaced: {', '.join(self.stale)}")
        for audit in self.audits:
            yield Finding(audit.level, audit.service, self.host, f"{audit.kind}: {audit.text}")

    def _lists(self, limits: Thresholds) -> Finding:
        if self.lists_age is None:
            return Finding(Level.WARN, "lists", self.host, "never asked which updates there are")
        text = f"asked {moment.span(self.lists_age)} ago which updates there are"
        return Finding(limits.lists_age.level(self.lists_age), "lists", self.host, text)

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return {
            "host": self.host,
            "packages": [each.json() for each in self.packages],
            "lists_age_seconds": None if self.lists_age is None else int(self.lists_age.total_seconds()),
            "reboot": self.reboot,
            "stale": list(self.stale),
            "broken": list(self.broken),
            "problems": list(self.problems),
            "audits": [each.json() for each in self.audits],
        }


def _named(packages: tuple[Package, ...]) -> str:
    first = sorted(packages, key=lambda each: not each.security)[:NAMED]
    more = f" and {len(packages) - NAMED} more" if len(packages) > NAMED else ""
    return f": {', '.join(each.change for each in first)}{more}" if first else ""
