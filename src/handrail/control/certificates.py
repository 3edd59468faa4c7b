"""What `fab certificate.status` looks at: every name on every edge, and other endpoints; all hosts at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handrail.hosts.certificates import ask, read_seen
from handrail.model.level import Finding, Level, worst
from handrail.model.wire import Seen, differing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.x509 import Certificate

    from handrail.control.connections import Connections
    from handrail.model.environment import Environment


@dataclass(frozen=True)
class Row:
    """One name on one host, how bad it is, and what its authority says of it, where it says anything."""

    seen: Seen
    finding: Finding
    ocsp: str = ""

    def json(self, now: datetime) -> dict[str, Any]:
        """Give it for machines."""
        shown = self.seen.chain.json(now) if self.seen.chain else {}
        return {
            **self.finding.json(), "name": self.seen.name, "certificate": self.seen.certificate, "ocsp": self.ocsp,
            "shown": shown, **({"acm": self.seen.acm.json()} if self.seen.acm else {}),
        }  # fmt: skip


@dataclass(frozen=True)
class Status:
    """All rows, and what is wrong between hosts."""

    now: datetime
    rows: tuple[Row, ...]
    between: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst of them."""
        return worst([*(row.finding.level for row in self.rows), *(each.level for each in self.between)])

    def findings(self) -> list[Finding]:
        """Give them as `fab check` shows them."""
        return [*(row.finding for row in self.rows), *self.between]


def has_certificates(environment: Environment) -> bool:
    """Whether there is anything to look at."""
    return environment.system.edge.tls is not None or bool(environment.system.certificates.endpoints)


def status(environment: Environment, connections: Connections, roots: tuple[Certificate, ...]) -> Status:
    """Ask every edge for every name."""
    edges = [host.name for host in environment.edge_hosts]
    asked = {host: ask(environment, endpoints=host == edges[0]) for host in edges}
    mine = {host: each for host, each in asked.items() if each is not None}
    replies = connections.on_each(mine, lambda host: connections.ask(host, mine[host].command))
    seen = [each for host, reply in replies.items() for each in read_seen(reply, host, mine[host])]
    return judged(environment, seen, roots, datetime.now(UTC))


def judged(
    environment: Environment,
    seen: list[Seen],
    roots: tuple[Certificate, ...],
    now: datetime,
    statuses: Mapping[str, str] | None = None,
) -> Status:
    """Judge what was seen; `statuses` are what OCSP said, by fingerprint."""
    limits, rows = environment.system.certificates, []
    for each in seen:
        finding = each.judged(limits, roots, now)
        told = (statuses or {}).get(each.chain.fingerprint, "") if each.chain else ""
        if told == "revoked":
            finding = Finding(Level.ALERT, finding.what, finding.host, f"revoked by its authority; {finding.text}")
        rows.append(Row(each, finding, told))
    return Status(now, tuple(rows), tuple(differing(seen)))
