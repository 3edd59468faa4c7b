"""What one part of a description says about another: names that must exist, ports that must differ, cycles, times.

The checks read the document before it is a `System`, so that they speak even when something else is wrong with it:
whatever does not have the shape they expect, they pass over. Its shape is pydantic's to judge.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from handrail.model import (
    aws_fit,
    backup,
    certificates,
    checklist,
    claim,
    cycle,
    duration,
    files,
    logs,
    notify,
    reference,
    runtime,
    threshold,
    tls,
)
from handrail.model.branch import at
from handrail.model.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handrail.model.finding import Path

# A confirmation needs the bake to be over and a round trip to every host; ten seconds are for the slowest of them.
CONFIRM_MARGIN = timedelta(seconds=10)
HIGHEST_PORT = 65535
_SECRET_VARIABLE = re.compile(r"(?:^|_)(?:PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY)$", re.IGNORECASE)


def findings(data: Any) -> Iterator[Finding]:
    """Find everything that does not fit together."""
    for check in CHECKS:
        yield from check(data)


def _datastores(data: Any) -> Iterator[Finding]:
    for name in at(data, "datastores"):
        datastore = at(data, "datastores", name)
        if datastore.get("kind") == "postgresql":
            for key in ("database", "user"):
                if key not in datastore:
                    yield Finding(("datastores", name, key), f"the {key}, which postgresql needs", "nothing")
        if datastore.get("kind") == "redis" and datastore.get("database") is not None:
            yield Finding(("datastores", name, "database"), "no database for redis")


def _runtimes(data: Any) -> Iterator[Finding]:
    """Find keys that a runtime lacks, and keys that only another one has a use for."""
    parts = [
        *((("services", name), runtime.SERVICE, "") for name in at(data, "services")),
        *((("datastores", name), runtime.DATASTORE, "systemd") for name in at(data, "datastores")),
        (("edge",), runtime.EDGE, "systemd"),
    ]
    for path, table, default in parts:
        part = at(data, *path)
        name = part.get("runtime", default)
        if not isinstance(name, str) or name not in table:
            continue
        mine = table[name]
        for key in sorted(mine.needed - set(part)):
            yield Finding((*path, key), f"the {key}, which {name} needs", "nothing")
        others = frozenset().union(*(keys.needed | keys.allowed for keys in table.values()))
        for key in sorted((others - mine.needed - mine.allowed) & set(part)):
            whose = " and ".join(each for each, keys in table.items() if key in keys.needed | keys.allowed)
            yield Finding((*path, key), f"no {key} for {name}; it is for {whose}")


def _one_pm2(data: Any) -> Iterator[Finding]:
    """Find a second user: a system has one PM2 on each host, which is one user's."""
    users = {name: at(data, "services", name).get("user") for name in at(data, "services")}
    mine = [name for name in users if at(data, "services", name).get("runtime") == "pm2" and users[name]]
    for name in mine[1:]:
        if users[name] != users[mine[0]]:
            yield Finding(("services", name, "user"), f"{users[mine[0]]}, as of {mine[0]}: PM2 is one user's")


def _instances(data: Any) -> Iterator[Finding]:
    """Find a least number of instances above the most, and ports too high for all of them."""
    for name in at(data, "services"):
        instances = at(data, "services", name, "instances")
        least, most = instances.get("min", 1), instances.get("max", 1)
        if not isinstance(least, int) or not isinstance(most, int):
            continue
        if 1 <= most < least:
            yield Finding(("services", name, "instances", "min"), f"at most max, which is {most}")
        highest = HIGHEST_PORT - most + 1
        allowed = f"at most {highest}: {most} instances follow each other"
        for slot, port in at(data, "services", name, "ports").items():
            if isinstance(port, int) and highest < port <= HIGHEST_PORT:
                yield Finding(("services", name, "ports", slot), allowed)


def _inline(data: Any) -> Iterator[Finding]:
    """Refuse a password in the document: it would be in every clone of its repository."""
    for name in at(data, "services"):
        for variable, value in at(data, "services", name, "environment").items():
            if isinstance(value, str | int) and value != "" and _SECRET_VARIABLE.search(variable):
                where = ("services", name, "environment", variable)
                yield Finding(where, "{secret: NAME}, with an entry under secrets", "a secret in plain text")


def _times(data: Any) -> Iterator[Finding]:
    """Leave a change enough time to be over before its timer puts the old slot back."""
    times = at(data, "times")
    try:
        bake = duration.parse(times.get("bake", "10s"))
        confirm = duration.parse(times.get("confirm", "60s"))
    except (TypeError, ValueError):
        return
    least = bake + CONFIRM_MARGIN
    if confirm > least:
        return
    if "confirm" in times:
        yield Finding(("times", "confirm"), f"more than times.bake + 10s, that is more than {duration.text(least)}")
    else:
        yield Finding(
            ("times", "bake"), f"less than times.confirm - 10s; confirm is {duration.text(confirm)} by default"
        )


def _nothing(data: Any, path: Path = ()) -> Iterator[Finding]:
    """Find keys without a value: `password:` with nothing behind it is no password only by accident."""
    if data is None:
        yield Finding(path, "a value; leave the key out if there is none", "nothing")
    elif isinstance(data, dict | tuple):
        for part, child in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _nothing(child, (*path, part))


CHECKS: tuple[Callable[[Any], Iterator[Finding]], ...] = (
    claim.names,
    claim.ports,
    cycle.cycles,
    reference.needs,
    reference.services,
    reference.secrets,
    reference.placeholders,
    _datastores,
    _runtimes,
    _one_pm2,
    _instances,
    _inline,
    _times,
    threshold.order,
    backup.groups,
    backup.dumps,
    logs.groups,
    files.own,
    checklist.findings,
    notify.findings,
    tls.names,
    certificates.order,
    _nothing,
    *aws_fit.CHECKS,
)
