"""What a host's disk could give back: how to ask for it, how to free it, and what was said."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from handrail.hosts.script import Command, Reply, text_of
from handrail.model import disk, files

if TYPE_CHECKING:
    from handrail.model.environment import Environment

# Thousands of files, and images whose layers are removed one by one; this much is a disk that hangs.
LOOK_SECONDS = 180
FREE_SECONDS = 900
IN_CONTAINERS = frozenset({"docker", "compose"})
# How many arguments come before the places.
FIXED = 8
# Where stage puts artifacts on their way.
UPLOADS = ("upload", "/tmp", "handrail-*.tar.gz")  # noqa: S108  # that of another run, a day old


@dataclass(frozen=True)
class Sum:
    """What one kind of things would give back."""

    kind: str
    count: int
    bytes: int


@dataclass(frozen=True)
class Thing:
    """A file, a release or an image, and what it takes from the disk."""

    kind: str
    bytes: int
    path: str


@dataclass(frozen=True)
class Usage:
    """What one host said. Of very many candidates only the largest are named; the sums are of all."""

    host: str
    size_bytes: int
    free_bytes: int
    journal_bytes: int
    sums: tuple[Sum, ...]
    candidates: tuple[Thing, ...]
    largest: tuple[Thing, ...]
    problems: tuple[str, ...]

    @property
    def freeable_bytes(self) -> int:
        """How much would be freed."""
        return sum(each.bytes for each in self.sums)

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        largest = [{"bytes": each.bytes, "path": each.path} for each in self.largest]
        return asdict(self) | {"freeable_bytes": self.freeable_bytes, "largest": largest}


def look(environment: Environment, run_directory: str, host: str) -> Command:
    """Build the command that only looks."""
    root = environment.system.root
    return Command(("disk", "disk_look"), (root, run_directory, *_arguments(environment, host)), LOOK_SECONDS)


def free_arguments(environment: Environment, host: str) -> tuple[str, ...]:
    """Give the arguments of the scripts that free what the look names."""
    words = _arguments(environment, host)
    return (*words[:FIXED], text_of("prelude", "disk_remove"), *words[FIXED:])


def read_usage(reply: Reply, host: str) -> Usage:
    """Understand what a look printed."""
    space = [int(word) for word in reply.value("space", "0 0").split()]
    rows = [line.split(" ") for line in reply.values("kind")]
    return Usage(
        host=host,
        size_bytes=space[0],
        free_bytes=space[1],
        journal_bytes=int(reply.value("journal", "0")),
        sums=tuple(Sum(kind, int(count), int(size)) for kind, count, size in rows),
        candidates=tuple(_thing(line) for line in reply.values("candidate")),
        largest=tuple(_thing(f"large {line}") for line in reply.values("large")),
        problems=tuple(reply.values("problem")),
    )


def _arguments(environment: Environment, host: str) -> tuple[str, ...]:
    system, services = environment.system, environment.services_on(host)
    wanted = system.disk
    pm2 = next((service.user for service in services if service.runtime == "pm2"), "")
    images = [service for service in services if service.runtime in IN_CONTAINERS]
    runtimes: set[str] = {service.runtime for service in services}
    runtimes |= {store.runtime for store in environment.datastores_on(host)}
    if any(edge.name == host for edge in environment.edge_hosts):
        runtimes.add(system.edge.runtime)
    places = [("log", *files.split(pattern)) for pattern in wanted.logs]
    places += [("dump", *files.split(pattern)) for pattern in wanted.dumps]
    return (
        str(_minutes(wanted.keep_logs)), str(_minutes(wanted.keep_dumps)), pm2, str(disk.size(wanted.pm2_logs)),
        "" if wanted.journal == "none" else str(disk.size(wanted.journal)), "yes" if runtimes & IN_CONTAINERS else "",
        " ".join(f"{system.name}-{service.name}" for service in images),
        # What the rotation still counts as its own is not for us to free.
        str(max(_minutes(wanted.keep_logs), system.logs.keep * 24 * 60)),
        *(word for place in (*places, UPLOADS) for word in place),
    )  # fmt: skip


def _minutes(days: str) -> int:
    return int(disk.age(days).total_seconds()) // 60


def _thing(line: str) -> Thing:
    kind, size, path = line.split(" ", 2)
    return Thing(kind, int(size), path)
