"""Backups: where dumps are, so that somebody notices when they stop coming, and of which database to take them."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import Field

from handrail.model.branch import at
from handrail.model.datastore import Datastore
from handrail.model.duration import TenSecondsOrMore
from handrail.model.files import FILES, FILES_ALLOWED, split
from handrail.model.finding import Finding, unknown
from handrail.model.notation import Group, Name, Text
from handrail.model.value import Value

Glob = Annotated[
    str,
    Text(
        r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._*?-]+)+",
        "an absolute path of letters, digits, . _ - * and ?, without ..",
    ),
]
# What a dump that is taken here is called; `fab check`, `fab disk` and the checklist find it by the path's pattern.
EXAMPLE = "{database}-20260131T221500Z.dump"


class Backup(Value):
    """Dumps of one thing; the newest counts."""

    hosts: Group = Field(description="Inventory group of the hosts that have them; one that the system uses.")
    path: Glob = Field(description="Files of the dumps on those hosts, such as /var/backups/shop/*.dump.")
    datastore: Name | None = Field(
        default=None,
        description="PostgreSQL datastore that `fab backup.take` dumps into the path's directory; none if left out.",
    )
    deadline: TenSecondsOrMore = Field(
        # One core compresses about 30 MB/s: an hour is a database of 100 GB. What takes longer needs more than a dump.
        default=timedelta(hours=1),
        description="How long one dump may take, proof included; an hour is about 100 GB.",
    )


def groups(data: Any) -> Iterator[Finding]:
    """Find dumps on hosts that nothing of the system runs on: nobody would look there."""
    parts = [at(data, kind, name) for kind in ("services", "datastores") for name in at(data, kind)]
    hosts = [part.get("hosts") for part in (*parts, at(data, "edge"))]
    known = sorted({group for group in hosts if isinstance(group, str)})
    for name in at(data, "backups"):
        group = at(data, "backups", name).get("hosts")
        if isinstance(group, str) and group not in known:
            yield unknown(("backups", name, "hosts"), group, known, what="a group of the system")


def dumps(data: Any) -> Iterator[Finding]:
    """Find dumps of what cannot be dumped, where it is not, twice, or by a name that nobody would look for."""
    known = [name for name in at(data, "datastores") if at(data, "datastores", name).get("kind") == "postgresql"]
    taken: dict[str, str] = {}
    for name in at(data, "backups"):
        backup = at(data, "backups", name)
        datastore = backup.get("datastore")
        if datastore is None:
            if "deadline" in backup:
                yield Finding(("backups", name, "deadline"), "no deadline without datastore: nothing is taken")
        elif not isinstance(datastore, str) or datastore not in known:
            yield unknown(("backups", name, "datastore"), str(datastore), known, what="a datastore of kind postgresql")
        elif datastore in taken:
            yield Finding(("backups", name, "datastore"), f"one entry for each; backups.{taken[datastore]} has it")
        else:
            taken[datastore] = name
            yield from _place(("backups", name), backup, datastore, at(data, "datastores", datastore))
    wanted = at(data, "release").get("backup") is True
    if wanted and (not known or set(known) - set(taken)):
        named = ", ".join(each for each in known if each not in taken)
        needed = f"an entry under backups with datastore: {named}" if named else "false: there is no PostgreSQL to dump"
        yield Finding(("release", "backup"), needed, "true")


def _place(where: tuple[str, str], backup: dict[str, Any], name: str, datastore: dict[str, Any]) -> Iterator[Finding]:
    """Judge where dumps of a datastore are to be written."""
    group, path, database = datastore.get("hosts"), backup.get("path"), datastore.get("database")
    if isinstance(group, str) and isinstance(backup.get("hosts"), str) and backup["hosts"] != group:
        yield Finding((*where, "hosts"), f"{group}, as of {name}: a dump is written where the database is")
    if not isinstance(path, str) or not isinstance(database, str):
        return
    if re.fullmatch(FILES, path) is None:
        yield Finding((*where, "path"), FILES_ALLOWED)
    elif not path.endswith(".dump") or not fnmatchcase(EXAMPLE.format(database=database), split(path)[1]):
        yield Finding((*where, "path"), f"a pattern that finds {EXAMPLE.format(database=database)}, such as *.dump")


def without(datastores: Mapping[str, Datastore], backups: Mapping[str, Backup]) -> tuple[str, ...]:
    """Name the databases that no entry takes a dump of."""
    taken = {backup.datastore for backup in backups.values()}
    return tuple(name for name, each in datastores.items() if each.kind == "postgresql" and name not in taken)
