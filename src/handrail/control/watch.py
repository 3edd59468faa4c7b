"""Watch a system after a change: look again and again, and end early when an ALERT stays."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING

from handrail.control.check import judged, vitals
from handrail.control.health import health
from handrail.control.look import look
from handrail.control.poll import Ending, Poll
from handrail.control.restarts import risen
from handrail.model import duration
from handrail.model.breach import Breach, Record
from handrail.model.level import Level
from handrail.model.vitals import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from handrail.control.connections import Connections
    from handrail.control.screen import Screen
    from handrail.model.environment import Environment
    from handrail.model.restarts import Restarts
    from handrail.model.system import System
    from handrail.secrets import Secret

# The operations guide calls an error rate critical that lasts a minute: so much of the edge's log counts at each look.
TRAFFIC_SECONDS = 60
# A host that takes longer counts as lost: a watch must notice while it still helps.
LOOK_SECONDS = 15


def poll(
    environment: Environment,
    connections: Connections,
    *,
    secrets: Mapping[str, Secret],
    since_begin: float,
    restarts: Restarts,
) -> Poll:
    """Ask for health, restarts and traffic. What was before the watch began does not count."""
    seen = look(environment, connections, seconds=LOOK_SECONDS)
    seconds = max(1, min(TRAFFIC_SECONDS, int(since_begin)))
    told = vitals(seen, connections, names=["traffic"], secrets=secrets, seconds=seconds)
    flow = [replace(finding, what="traffic") for finding in judged(seen, told, "traffic", secrets)]
    numbers = {host: each for host, answers in told.items() for each in answers.values() if isinstance(each, Traffic)}
    again = risen(seen, connections, restarts, secrets=secrets)
    return Poll(datetime.now(UTC), (*health(seen, connections, secrets=secrets), *again, *flow), numbers)


def watch(
    look_again: Callable[[float], Poll], screen: Screen, system: System, *, lasts: timedelta, every: timedelta
) -> Ending:
    """Look until the time is over, an ALERT stays, or somebody presses Ctrl-C."""
    record, began, over = Record(), time.monotonic(), False
    with _ctrl_c() as pressed:
        while True:
            due = time.monotonic() + every.total_seconds()
            seen = look_again(time.monotonic() - began)
            screen.poll(seen)
            if breaches := record.take(seen.findings, at=seen.at):
                return _broken(breaches, record, system)
            left = began + lasts.total_seconds() - time.monotonic()
            if left <= 0 and (over or not record.in_doubt):
                return Ending("done", record.exit_code, f"watched for {_span(began)}: {_summary(record)}")
            over = left <= 0  # one more look confirms the last one's ALERT; an ALERT elsewhere does not get another
            pause = due - time.monotonic()
            if pressed.wait(max(0.0, min(pause, left) if left > 0 else pause)):
                text = f"interrupted after {_span(began)} of {duration.text(lasts)}: {_summary(record)}"
                return Ending("interrupted", 1, text)


@contextmanager
def _ctrl_c() -> Iterator[Event]:
    """Note Ctrl-C, once; the second one ends the program.

    As an exception it gets lost: Invoke, under Fabric, takes it for the command that it waits for.
    """
    pressed = Event()

    def press(_number: int, _frame: FrameType | None) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _span(began: float) -> str:
    return duration.text(timedelta(seconds=round(time.monotonic() - began)))


def _summary(record: Record) -> str:
    if record.in_doubt:
        return f"{record.looks} looks, the last look had an ALERT"
    words = {
        Level.OK: "nothing but OK",
        Level.WARN: "there were WARNs",
        Level.ALERT: "there was an ALERT, not for long",
    }
    return f"{record.looks} looks, {words[record.worst]}"


def _broken(breaches: tuple[Breach, ...], record: Record, system: System) -> Ending:
    named = "; ".join(
        f"{breach.finding.what} on {breach.finding.host}: {breach.finding.text}, since {breach.since:%H:%M:%S} UTC"
        for breach in breaches
    )
    return Ending("breach", 2, f"{named} (look {record.looks})", _next_step(breaches[0].finding.what, system))


def _next_step(what: str, system: System) -> str:
    if any(service.runtime == "ecs" for service in system.services.values()):
        return _next_step_on_ecs(what, system)
    if what == "host":
        return "fab status shows which hosts answer"
    if what in system.datastores:
        return f"fab logs {what} --since 10m; fab startup starts what is down"
    log = what if what in system.services else "edge"
    return f"fab rollback, if a change is the cause; fab logs {log} --since 10m"


def _next_step_on_ecs(what: str, system: System) -> str:
    if what == "AWS":
        return "aws sts get-caller-identity; then fab status"
    if what in system.datastores:
        return "fab check services,backups; aws rds describe-events, or aws elasticache describe-events"
    if what == "weights":
        return "fab history shows the last run; fab status shows where the traffic goes"
    if what in system.services:
        return f"fab rollback, if a change is the cause; fab logs {what} --since 10m"
    return "fab rollback, if a change is the cause; fab check services,errors"
