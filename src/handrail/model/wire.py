"""What one edge host keeps in its files and shows to clients under one name, and how bad that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model.chain import Chain, trouble
from handrail.model.level import Finding, Level, worst

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from cryptography.x509 import Certificate

    from handrail.model.acm import Kept
    from handrail.model.certificates import Certificates


@dataclass(frozen=True)
class Seen:
    """One name, asked on one host. `certificate` is its name in the description; empty for other endpoints.

    `words` says why there is no chain; `key` is whether the key in the file belongs to the certificate there. `acm` is
    what a load balancer serves it with, by what ACM keeps: it stands for the file.
    """

    host: str
    name: str
    certificate: str = ""
    chain: Chain | None = None
    words: str = ""
    file: Chain | None = None
    key: str = ""
    acm: Kept | None = None

    def judged(self, limits: Certificates, roots: Sequence[Certificate], now: datetime) -> Finding:
        """Say everything that is wrong, the worst first."""
        found = sorted(self._problems(limits, roots, now), key=lambda each: -each[0].rank)
        level = worst(each for each, _ in found)
        text = "; ".join(text for _, text in found) or (f"{_days(self.chain.left(now))} left" if self.chain else "")
        text = "; ".join(part for part in (text, self.acm.words if self.acm else "") if part)
        return Finding(level, self.name, self.host, text)

    def _problems(
        self, limits: Certificates, roots: Sequence[Certificate], now: datetime
    ) -> Iterator[tuple[Level, str]]:
        if self.chain is None:
            yield Level.ALERT, self.words or "no certificate is shown"
            return
        if self.chain.is_placeholder:
            yield Level.ALERT, "a placeholder of handrail's: no certificate came yet"
            return
        if not self.chain.fits(self.name):
            yield Level.ALERT, f"for another name: {', '.join(self.chain.names) or 'none'}"
        yield from _age(self.chain, limits, now)
        broken = trouble(self.chain, roots, self.chain.names[0] if self.chain.names else self.name, now)
        if broken and self.chain.left(now).total_seconds() > 0:
            yield Level.ALERT, broken
        if self.acm is not None:
            of_listener = self.acm.chain
            if of_listener is not None and of_listener.fingerprint != self.chain.fingerprint:
                yield Level.ALERT, f"serves {self.chain.serial}, its listener has {of_listener.serial}"
        elif self.certificate:
            yield from self._of_the_file()

    def _of_the_file(self) -> Iterator[tuple[Level, str]]:
        if self.file is None:
            yield Level.ALERT, "the file of the certificate cannot be read"
        elif self.chain is not None and self.file.fingerprint != self.chain.fingerprint:
            yield Level.ALERT, f"serves {self.chain.serial}, its file is {self.file.serial}"
        if self.key == "differs":
            yield Level.ALERT, "the key in the file does not belong to the certificate"


def _age(chain: Chain, limits: Certificates, now: datetime) -> Iterator[tuple[Level, str]]:
    left = chain.left(now)
    if left.total_seconds() <= 0:
        yield Level.ALERT, f"ran out {_days(-left)} ago"
    elif chain.leaf.not_valid_before_utc > now:
        yield Level.ALERT, f"not valid before {chain.leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    else:
        level = limits.level(left, life=chain.life)
        if level is not Level.OK:
            yield level, f"{_days(left)} left of {_days(chain.life)}"


def differing(seen: Sequence[Seen]) -> Iterator[Finding]:
    """Find names for which hosts show different certificates."""
    for name in dict.fromkeys(each.name for each in seen if each.certificate):
        shown = {each.host: each.chain for each in seen if each.name == name and each.certificate and each.chain}
        if len({chain.fingerprint for chain in shown.values()}) > 1 and not all(
            chain.is_placeholder for chain in shown.values()
        ):
            named = ", ".join(f"{host} {chain.serial}" for host, chain in shown.items())
            yield Finding(Level.ALERT, name, "", f"hosts differ: {named}")


def _days(span: timedelta) -> str:
    days = span.total_seconds() / 86400
    return f"{days:.0f} days" if days >= 2 else f"{days * 24:.0f} h"
