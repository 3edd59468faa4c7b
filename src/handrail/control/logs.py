"""Logs of a service, a datastore or the edge from all its hosts, merged by time; followed or searched."""

from __future__ import annotations

import heapq
import queue
import re
import shlex
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.hosts.script import REPLY_SECONDS
from handrail.hosts.survey import instances_on, unit_of
from handrail.runtimes import RUNTIMES, UNITS
from handrail.traffic import nginx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from paramiko import Channel

    from handrail.control.connections import Connections
    from handrail.model.environment import Environment

SINCE = re.compile(r"\d+(s|m|h|d)|\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?")
# A search through days of journal; following has no deadline but the operator's patience.
SEARCH_SECONDS = 120
# timeout(1) says so
TIMED_OUT = 124
# strerror(EBADMSG): what journalctl ends with when journald puts the file aside that it reads.
PUT_ASIDE = "Bad message"

# What `fab logs` calls the edge, which has no name of its own.
EDGE = "edge"
# What `fab logs` calls everything at once.
ALL = "all"
STAMP = re.compile(r"\d+\.\d+|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})")


@dataclass(frozen=True, order=True)
class Source:
    """What logs, and where: a service, a datastore or the edge on a host."""

    host: str
    what: str


@dataclass(frozen=True, order=True)
class Entry:
    """One line: `at` is seconds since 1970 by the host's clock."""

    at: float
    host: str
    text: str
    what: str = ""


def commands(
    environment: Environment, name: str, *, since: str, lines: int, follow: bool
) -> dict[Source, tuple[str, ...]]:
    """Build the command for each host of a service, a datastore, the edge, or of all; `lines` 0 means all."""
    system = environment.system
    known = (*system.services, *system.datastores, EDGE, ALL)
    if name not in known:
        raise BadInput(f"there is no service {name!r}; there are {', '.join(known)}", next_step="name one of those")
    check_since(since)
    found: dict[Source, tuple[str, ...]] = {}
    for service in system.services.values():
        argv = RUNTIMES[service.runtime].read_log(
            instances_on(system, [service]), since=since, lines=lines, follow=follow
        )
        found |= {Source(host.name, service.name): tuple(argv) for host in environment.hosts_of(service)}
    for store in system.datastores.values():
        argv = UNITS[store.runtime].read_log(unit_of(system, store), since=since, lines=lines, follow=follow)
        found |= {Source(host.name, store.name): tuple(argv) for host in environment.hosts_of(store)}
    argv = nginx.read_log(system.name, since=since, lines=lines, follow=follow)
    found |= {Source(host.name, EDGE): tuple(argv) for host in environment.edge_hosts}
    return {source: argv for source, argv in found.items() if name in {source.what, ALL}}


def check_since(since: str) -> None:
    """Refuse what is no time."""
    if since and not (SINCE.fullmatch(since) and _is_on_the_calendar(since)):
        raise BadInput(f"--since {since!r} is no time: allowed are 30s, 5m, 2h, 1d, 2026-01-31 or '2026-01-31 22:00'")


def _is_on_the_calendar(since: str) -> bool:
    if since[-1] in "smhd":
        return True
    try:
        datetime.fromisoformat(since)
    except ValueError:
        return False
    return True


def search(
    connections: Connections, argvs: dict[Source, tuple[str, ...]], *, pattern: str, lines: int, lost: dict[str, str]
) -> list[Entry]:
    """Give the lines of all hosts in the order of time, of each host the last `lines` that were found.

    What cannot be read is put into `lost`, by host with the reason, and the rest is shown.
    """

    def read(host: str) -> list[Entry]:
        found, reasons = [], []
        for source in (source for source in argvs if source.host == host):
            try:
                printed, code, said = _read(connections, source, argvs[source])
                if code and PUT_ASIDE in said:  # by now it is where it stays
                    printed, code, said = _read(connections, source, argvs[source])
            except Exception as error:  # noqa: BLE001  # fabric, paramiko and sockets have one for each way to fail
                reasons.append(_first_line(error))
                break
            entries = sorted(_entries(source, _lines(printed), pattern))
            found.append(entries[-lines:] if lines else entries)
            if code:
                reasons.append(_why(source, code, said))
        if reasons:
            lost[host] = "; ".join(reasons)
        return list(heapq.merge(*found))

    hosts = list(dict.fromkeys(source.host for source in argvs))
    return list(heapq.merge(*connections.on_each(hosts, read).values()))


def follow(
    connections: Connections, argvs: dict[Source, tuple[str, ...]], *, pattern: str, lost: dict[str, str]
) -> Iterator[Entry]:
    """Give lines as they come, until the caller stops, or there is nothing left to follow.

    A log that ends is named at once on standard error, for the others go on, and put into `lost`.
    """
    coming: queue.Queue[Entry | tuple[str, str]] = queue.Queue()

    def read(source: Source) -> None:
        try:
            channel = _begun(connections, source, argvs[source])
            for entry in _entries(source, (raw.decode("utf-8", "replace") for raw in channel.makefile("rb")), pattern):
                coming.put(entry)
            said = channel.makefile_stderr("rb").read().decode("utf-8", "replace")
            coming.put((source.host, _why(source, _ended(channel), said)))
        except Exception as error:  # noqa: BLE001  # likewise
            coming.put((source.host, _first_line(error)))

    def opened(host: str) -> bool:
        try:
            connections.of(host)
        except Exception as error:  # noqa: BLE001  # likewise
            coming.put((host, _first_line(error)))
            return False
        return True

    _wanted(pattern)
    answers = connections.on_each(list(dict.fromkeys(source.host for source in argvs)), opened)
    sources = [source for source in argvs if answers[source.host]]
    for source in sources:
        threading.Thread(target=read, args=(source,), daemon=True).start()
    left = len(sources) + sum(not well for well in answers.values())
    while left:
        news = coming.get()
        if isinstance(news, Entry):
            yield news
            continue
        host, reason = news
        lost[host] = f"{lost[host]}; {reason}" if host in lost else reason
        sys.stderr.write(f"{host}: {reason}\n")
        left -= 1


def _read(connections: Connections, source: Source, argv: tuple[str, ...]) -> tuple[bytes, int, str]:
    """Give all that a command prints, its exit code, and what it says on standard error.

    Not by Fabric's `run`, which joins everything that came before to each kilobyte: twenty megabytes took it 12 s.
    """
    channel = _begun(connections, source, ("timeout", str(SEARCH_SECONDS), *argv))
    channel.settimeout(SEARCH_SECONDS + REPLY_SECONDS)
    with ThreadPoolExecutor(max_workers=1) as pool:
        said = pool.submit(channel.makefile_stderr("rb").read)
        found = channel.makefile("rb").read()
        return found, _ended(channel), said.result().decode("utf-8", "replace")


def _begun(connections: Connections, source: Source, argv: tuple[str, ...]) -> Channel:
    channel: Channel = connections.of(source.host).transport.open_session()
    channel.exec_command(_line(connections, source.host, argv))
    return channel


def _ended(channel: Channel) -> int:
    """Wait for the exit code; -1 when it does not come although everything was read."""
    channel.status_event.wait(REPLY_SECONDS)
    return channel.exit_status


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _why(source: Source, code: int, said: str) -> str:
    """Say why a log could not be read, or not all of it."""
    if code == TIMED_OUT:
        return f"{source.what}: not read within {SEARCH_SECONDS} s"
    last = said.strip().splitlines()[-1:]
    return f"{source.what}: {last[0] if last else f'its reader ended with exit code {code}'}"


def _line(connections: Connections, host: str, argv: tuple[str, ...]) -> str:
    sudo = ("sudo", "-H", "-n") if connections.inventory.data[host].get("_sudo") else ()
    return shlex.join([*sudo, *argv])


def _lines(printed: bytes) -> list[str]:
    # Applications log bytes that are no UTF-8; they are shown as replacement characters instead of ending the search.
    # They end with \n alone: within one there may be all else that Unicode calls the end of a line.
    return printed.decode("utf-8", "replace").removesuffix("\n").split("\n")


def _wanted(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error as error:
        raise BadInput(f"--grep {pattern!r} is no regular expression: {error}") from error


def _entries(source: Source, lines: Iterable[str], pattern: str) -> Iterator[Entry]:
    wanted = _wanted(pattern)
    for line in lines:
        stamp, _, rest = line.rstrip("\n").partition(" ")
        if not STAMP.fullmatch(stamp) or (wanted and not wanted.search(rest)):
            continue
        at = datetime.fromisoformat(stamp).timestamp() if "T" in stamp else float(stamp)
        yield Entry(at, source.host, rest, source.what)
