"""Logs of a service from all its hosts, merged by time; followed, searched, or written to a file."""

from __future__ import annotations

import heapq
import queue
import re
import shlex
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES
from handrail.runtimes.protocol import Instance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from handrail.control.connections import Connections
    from handrail.model.environment import Environment

SINCE = re.compile(r"\d+(s|m|h|d)|\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?")
# A search through days of journal; following has no deadline but the operator's patience.
SEARCH_SECONDS = 120


@dataclass(frozen=True, order=True)
class Entry:
    """One line: `at` is seconds since 1970 by the host's clock."""

    at: float
    host: str
    text: str


def commands(
    environment: Environment, service: str, *, since: str, lines: int, follow: bool
) -> dict[str, tuple[str, ...]]:
    """Build the command for each host of a service; `lines` 0 means all."""
    if service not in environment.system.services:
        known = ", ".join(environment.system.services)
        raise BadInput(f"there is no service {service!r}; there are {known}", next_step="name one of those")
    if since and not SINCE.fullmatch(since):
        raise BadInput(f"--since {since!r} is no time: allowed are 30s, 5m, 2h, 1d, 2026-01-31 or '2026-01-31 22:00'")
    wanted = environment.system.services[service]
    instances = [Instance(environment.system.name, environment.system.root, wanted, slot) for slot in Slot]
    argv = tuple(RUNTIMES[wanted.runtime].read_log(instances, since=since, lines=lines, follow=follow))
    return {host.name: argv for host in environment.service_hosts(service)}


def search(
    connections: Connections, argvs: dict[str, tuple[str, ...]], *, pattern: str, lines: int, lost: dict[str, str]
) -> list[Entry]:
    """Give the lines of all hosts in the order of time, of each host the last `lines` that were found.

    Hosts that do not answer are put into `lost` with the reason, and the others are shown.
    """

    def read(host: str) -> list[Entry]:
        try:
            found = _read(host)
        except BadInput:
            raise
        except Exception as error:  # noqa: BLE001  # fabric, invoke, paramiko and sockets have one for each way to fail
            lost[host] = str(error).splitlines()[0] if str(error) else type(error).__name__
            return []
        return found[-lines:] if lines else found

    def _read(host: str) -> list[Entry]:
        line = _line(connections, host, ("timeout", str(SEARCH_SECONDS), *argvs[host]))
        done = connections.of(host).run(
            line, hide=True, warn=True, in_stream=False, timeout=SEARCH_SECONDS + 10, encoding="latin-1"
        )
        return list(_entries(host, _lines(done.stdout), pattern))

    return list(heapq.merge(*connections.on_each(argvs, read).values()))


def follow(connections: Connections, argvs: dict[str, tuple[str, ...]], *, pattern: str) -> Iterator[Entry]:
    """Give lines as they come, until the caller stops."""
    coming: queue.Queue[Entry] = queue.Queue()

    def read(host: str) -> None:
        connections.of(host).open()
        transport = connections.of(host).transport
        channel = transport.open_session()
        channel.exec_command(_line(connections, host, argvs[host]))
        for entry in _entries(host, (raw.decode("utf-8", "replace") for raw in channel.makefile("rb")), pattern):
            coming.put(entry)

    for host in argvs:
        threading.Thread(target=read, args=(host,), daemon=True).start()
    while True:
        yield coming.get()


def _line(connections: Connections, host: str, argv: tuple[str, ...]) -> str:
    sudo = ("sudo", "-H", "-n") if connections.inventory.data[host].get("_sudo") else ()
    return shlex.join([*sudo, *argv])


def _lines(text: str) -> list[str]:
    # Applications log bytes that are no UTF-8; they are shown as replacement characters instead of ending the search.
    return text.encode("latin-1", "replace").decode("utf-8", "replace").splitlines()


def _entries(host: str, lines: Iterable[str], pattern: str) -> Iterator[Entry]:
    try:
        wanted = re.compile(pattern) if pattern else None
    except re.error as error:
        raise BadInput(f"--grep {pattern!r} is no regular expression: {error}") from error
    for line in lines:
        stamp, _, rest = line.rstrip("\n").partition(" ")
        if not re.fullmatch(r"\d+\.\d+", stamp) or (wanted and not wanted.search(rest)):
            continue
        yield Entry(float(stamp), host, rest)
