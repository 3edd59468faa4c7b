"""Logs that are files, and how long they are kept. What systemd and Docker keep, they rotate themselves."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from handrail.model.branch import at
from handrail.model.files import LiveLogs
from handrail.model.finding import Finding, unknown
from handrail.model.notation import Group, Whole
from handrail.model.value import Value


class Logs(Value):
    """What `fab logrotate` installs on each host. PM2's own logs and handrail's journal are always among it."""

    files: tuple[LiveLogs, ...] = Field(
        default=(), description="Log files that programs write themselves, such as /opt/shop/app/*.log."
    )
    keep: Annotated[int, Whole(1, 365)] = Field(default=14, description="Days, one file for each.")
    hosts: Group = Field(
        default="", description="Inventory group of the hosts that have `files`; every host of the system if left out."
    )


def groups(data: Any) -> Iterator[Finding]:
    """Find logs on hosts that nothing of the system runs on: no rule would be installed there."""
    parts = [at(data, kind, name) for kind in ("services", "datastores") for name in at(data, kind)]
    hosts = [part.get("hosts") for part in (*parts, at(data, "edge"))]
    known = sorted({group for group in hosts if isinstance(group, str)})
    group = at(data, "logs").get("hosts")
    if isinstance(group, str) and group not in known:
        yield unknown(("logs", "hosts"), group, known, what="a group of the system")
