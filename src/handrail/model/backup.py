"""Backups: where dumps are, so that somebody notices when they stop coming."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from handrail.model.branch import at
from handrail.model.finding import Finding, unknown
from handrail.model.notation import Group, Text
from handrail.model.value import Value

Glob = Annotated[
    str,
    Text(
        r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._*?-]+)+",
        "an absolute path of letters, digits, . _ - * and ?, without ..",
    ),
]


class Backup(Value):
    """Dumps of one thing; the newest counts."""

    hosts: Group = Field(description="Inventory group of the hosts that have them; one that the system uses.")
    path: Glob = Field(description="Files of the dumps on those hosts, such as /var/backups/shop/*.dump.")


def groups(data: Any) -> Iterator[Finding]:
    """Find dumps on hosts that nothing of the system runs on: nobody would look there."""
    parts = [at(data, kind, name) for kind in ("services", "datastores") for name in at(data, kind)]
    hosts = [part.get("hosts") for part in (*parts, at(data, "edge"))]
    known = sorted({group for group in hosts if isinstance(group, str)})
    for name in at(data, "backups"):
        group = at(data, "backups", name).get("hosts")
        if isinstance(group, str) and group not in known:
            yield unknown(("backups", name, "hosts"), group, known, what="a group of the system")
