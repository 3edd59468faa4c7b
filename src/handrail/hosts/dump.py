"""Dumps on a host: how the scripts are told of a database, how to ask for those that are there, and what was said."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from handrail.hosts.script import Command
from handrail.hosts.survey import unit_of
from handrail.model.files import split
from handrail.runtimes import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Reply
    from handrail.model.backup import Backup
    from handrail.model.datastore import Datastore
    from handrail.model.environment import Environment
    from handrail.model.system import System

LOOK_SECONDS = 60
# Reading every dump: a terabyte at 300 MB/s.
VERIFY_SECONDS = 3600


@dataclass(frozen=True)
class Dump:
    """One dump on one host. `digest` is ok, wrong, unchecked or none; what is not known of it is empty."""

    host: str
    backup: str
    path: str
    digest: str
    age_seconds: int
    size_bytes: int
    database: str = ""
    release: str = ""
    taken: str = ""
    run: str = ""
    sha256: str = ""

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return asdict(self)


def head(system: System, store: Datastore, backup: Backup) -> tuple[str, ...]:
    """Give the arguments that `dump.sh` reads."""
    inside = UNITS[store.runtime].inside(unit_of(system, store))
    folder, _ = split(backup.path)
    return (store.database or "", store.user or "", str(store.port), inside, folder)


def look(environment: Environment, host: str, *, verify: bool) -> Command | None:
    """Build the command that lists the dumps of a host; None where there are to be none."""
    system = environment.system
    mine = {
        name: each.path
        for name, each in system.backups.items()
        if any(one.name == host for one in environment.groups[each.hosts])
    }
    if not mine:
        return None
    words = [word for pair in mine.items() for word in pair]
    arguments = (system.root, f"/run/handrail/{system.name}", "yes" if verify else "", *words)
    return Command(("backup_list",), arguments, VERIFY_SECONDS if verify else LOOK_SECONDS)


def read_dumps(reply: Reply, host: str) -> tuple[Dump, ...]:
    """Understand what a look printed, the newest first. Two entries may have the same files; each is told once."""
    about = dict(_about(line) for line in reply.values("about"))
    found: dict[str, Dump] = {}
    for line in reply.values("dump"):
        name, digest, age, size, path = line.split(" ", 4)
        found.setdefault(path, Dump(host, name, path, digest, int(age), int(size), **about.get(path, {})))
    return tuple(sorted(found.values(), key=lambda dump: dump.age_seconds))


def _about(line: str) -> tuple[str, dict[str, str]]:
    """Read the file beside a dump; anybody may have written it, and what it does not say is empty."""
    path, _, text = line.partition(" ")
    try:
        told = json.loads(text)
    except ValueError:
        told = {}
    known = ("database", "release", "taken", "run", "sha256")
    texts: Sequence[str] = [key for key in known if isinstance(told, dict) and isinstance(told.get(key), str)]
    return path, {key: told[key] for key in texts}
