"""Logs of services in CloudWatch: searched by time and pattern, or followed."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.ecs.cluster import Cluster

MILLISECONDS = 1000
SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# CloudWatch has a new line after some seconds, and takes so many questions.
FOLLOW_SECONDS = 2.0
# A line may come this much later than its own time says.
LATE_SECONDS = 15


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
    """Give the last lines of each service, all in the order of time."""
    begin, wanted = _begin(since, time.time() if now is None else now), _pattern(pattern)
    found = []
    for service in services:
        mine = [line for line in _read(cluster, service, begin) if wanted is None or wanted.search(line.text)]
        found += sorted(mine)[-lines:] if lines else mine
    return sorted(found)


def follow(cluster: Cluster, services: tuple[str, ...], *, pattern: str, lines: int) -> Iterator[Line]:
    """Give lines as they come, until the caller stops."""
    wanted, known = _pattern(pattern), set()
    yield from search(cluster, services, since="1h", pattern=pattern, lines=lines)
    begin = time.time()
    while True:
        for service in services:
            for line in sorted(_read(cluster, service, begin - LATE_SECONDS)):
                if line.identity not in known and line.at >= begin and (wanted is None or wanted.search(line.text)):
                    known.add(line.identity)
                    yield line
        time.sleep(FOLLOW_SECONDS)


def _read(cluster: Cluster, service: str, begin: float) -> list[Line]:
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
