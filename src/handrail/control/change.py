"""Run one verb that changes something: pyinfra in a process of its own, its events shown while they come.

A process of its own because importing pyinfra patches the standard library for gevent, which Fabric does not survive.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.control.progress import Progress

LOG_FOLDER = Path(".handrail/log")
# What pyinfra said last, when it ended before a run began.
TAIL_LINES = 15


@dataclass(frozen=True)
class End:
    """How a change ended; `exit_code` is the task's own."""

    exit_code: int
    outcome: str
    text: str
    details: dict[str, Any]
    events: tuple[dict[str, Any], ...]


def change(verb: str, inventory: Path, data: dict[str, str], progress: Progress) -> End:
    """Run a deploy file against an inventory and tell how it ended."""
    log = LOG_FOLDER / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{verb}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pyinfra", "-y", str(inventory), f"deploys/{verb}.py", *_data(data)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, pass_fds=(writing,),
            env=os.environ | {"HANDRAIL_EVENTS": str(writing)},
            # Ctrl-C reaches this process alone, which hands it on once: a second one would leave at once.
            start_new_session=True,
        )  # fmt: skip
    os.close(writing)
    _hand_on(process)
    with os.fdopen(reading) as messages:
        end, events = _follow(messages, progress)
    process.wait()
    return end or _ended_early(process.returncode, log, events)


def _hand_on(process: subprocess.Popen[bytes]) -> None:
    def hand_on(number: int, _: Any) -> None:
        process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, hand_on)


def _follow(messages: IO[str], progress: Progress) -> tuple[End | None, tuple[dict[str, Any], ...]]:
    end: End | None = None
    events: list[dict[str, Any]] = []
    with progress:
        for message in _parsed(messages):
            if "event" in message:
                events.append(message["event"])
                progress.event(message["event"])
            elif "end" in message:
                details = message["end"]
                end = End(details["exit_code"], details["outcome"], details["text"], details, tuple(events))
    return end, tuple(events)


def _parsed(messages: IO[str]) -> Iterator[dict[str, Any]]:
    for line in messages:
        yield json.loads(line)


def _ended_early(code: int, log: Path, events: tuple[dict[str, Any], ...]) -> End:
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
    if events:
        text = f"the controller ended with {code} in the middle; what is unconfirmed goes back by itself\n{tail}"
        return End(5, "unknown", text, {}, events)
    if "No hosts remaining" in tail:
        text = f"no host can be reached; nothing was touched; see {log}:\n{tail}"
        return End(1, "HostUnreachable", text, {}, ())
    return End(1, "failed", f"nothing was touched; pyinfra ended with {code}, see {log}:\n{tail}", {}, ())


def _data(data: dict[str, str]) -> list[str]:
    # Quoted as JSON: pyinfra would read the version 1.10 as the number 1.1.
    return [word for key, value in data.items() if value for word in ("--data", f"{key}={json.dumps(value)}")]
