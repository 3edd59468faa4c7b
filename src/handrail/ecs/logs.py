"""Logs of services in CloudWatch: searched by time and pattern, or followed."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput, HostUnreachable
from handrail.infra.ask import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.ecs.cluster import Cluster

MILLISECONDS = 1000
SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# CloudWatch has a new line after some seconds, and takes so many questions.
FOLLOW_SECONDS = 2.0
# A line may come this much later than others of its time.
LATE_SECONDS = 60
# A short loss of the network, or of patience: CloudWatch refuses who asks too often.
TRIES = 3


@dataclass(frozen=True, order=True)
class Line:
    """One line: its time in seconds since 1970, where it came from (`blue/api/TASK`), what it says."""

    at: float
    stream: str
    text: str
    service: str
    identity: str = ""


def search(  # noqa: PLR0913  # as many words as `fab logs` takes
    cluster: Cluster, services: tuple[str, ...], *, since: str, pattern: str, lines: int, now: float | None = None
) -> list[Line]:
    """Give the last lines of each service, all in the order of time.

    Raises HostUnreachable where AWS does not answer, BadInput where it refuses.
    """
    begin, wanted = _begin(since, time.time() if now is None else now), _pattern(pattern)
    return _last({service: _read(cluster, service, begin) for service in services}, wanted, lines)


def follow(cluster: Cluster, services: tuple[str, ...], *, pattern: str, lines: int) -> Iterator[Line]:
    """Give lines as they come, until the caller stops; what AWS is asked for begins where the last question ended.

    Raises HostUnreachable where AWS has not answered three times in a row.
    """
    wanted, lost, hour = _pattern(pattern), 0, time.time() - SECONDS_OF["h"]
    first = {service: _read(cluster, service, hour) for service in services}
    known = {line.identity: line.at for mine in first.values() for line in mine}
    # By the lines' own times: this machine's clock may be another one.
    newest = max(known.values(), default=hour)
    yield from _last(first, wanted, lines)
    while True:
        time.sleep(FOLLOW_SECONDS)
        begin = newest - LATE_SECONDS
        try:
            read = [line for service in services for line in _read(cluster, service, begin)]
        except HostUnreachable:
            lost += 1
            if lost == TRIES:
                raise
            continue
        for line in sorted(line for line in read if line.identity not in known):
            if wanted is None or wanted.search(line.text):
                yield line
        newest, lost = max((line.at for line in read), default=newest), 0
        # What the next question may give again; CloudWatch is asked by milliseconds.
        oldest = newest - LATE_SECONDS - 1
        known = {one: at for one, at in (known | {line.identity: line.at for line in read}).items() if at >= oldest}


def _last(read: dict[str, list[Line]], wanted: re.Pattern[str] | None, lines: int) -> list[Line]:
    found = []
    for each in read.values():
        mine = [line for line in each if wanted is None or wanted.search(line.text)]
        found += sorted(mine)[-lines:] if lines else mine
    return sorted(found)


def _read(cluster: Cluster, service: str, begin: float) -> list[Line]:
    with answers("to read the logs", next_step="the right logs:FilterLogEvents; aws sts get-caller-identity"):
        pages = cluster.clients.logs.get_paginator("filter_log_events").paginate(
            logGroupName=cluster.place.log_groups[service], startTime=int(begin * MILLISECONDS)
        )
        return [_line(each, service) for page in pages for each in page["events"]]


def _line(event: dict[str, Any], service: str) -> Line:
    at = event["timestamp"] / MILLISECONDS
    return Line(at, event["logStreamName"], event["message"].rstrip("\n"), service, event["eventId"])


def _begin(since: str, now: float) -> float:
    if not since:
        return now - SECONDS_OF["d"]
    if since[-1] in SECONDS_OF:
        return now - int(since[:-1]) * SECONDS_OF[since[-1]]
    return datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp()


def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise BadInput(f"--grep {text!r} is no regular expression: {error}") from error
