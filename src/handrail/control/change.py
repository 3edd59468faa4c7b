"""Run one verb that changes something: pyinfra in a process of its own, its events shown while they come.

A process of its own because importing pyinfra patches the standard library for gevent, which Fabric does not survive.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
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
    reading, writing = os.pipe()
    with _log(verb) as output:
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
        return end or _ended_early(process.returncode, output, events)


def _log(verb: str) -> IO[str]:
    """Open a file for what pyinfra says; one without a name where none can be made: no rollback waits for that."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{verb}.log"
    try:
        LOG_FOLDER.mkdir(parents=True, exist_ok=True)
        return (LOG_FOLDER / name).open("w+", errors="replace")
    except OSError as error:
        sys.stderr.write(f"warning: what pyinfra says is not kept: {error}\n")
        return tempfile.TemporaryFile("w+", errors="replace")


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


def _ended_early(code: int, log: IO[str], events: tuple[dict[str, Any], ...]) -> End:
    log.seek(0)
    tail = "\n".join(log.read().splitlines()[-TAIL_LINES:])
    if events:
        text = f"the controller ended with {code} in the middle; what is unconfirmed goes back by itself\n{tail}"
        return End(5, "unknown", text, {}, events)
    where = f"see {log.name}" if isinstance(log.name, str) else "it said"
    if "No hosts remaining" in tail:
        return End(1, "HostUnreachable", f"no host can be reached; nothing was touched; {where}:\n{tail}", {}, ())
    return End(1, "failed", f"nothing was touched; pyinfra ended with {code}, {where}:\n{tail}", {}, ())


def _data(data: dict[str, str]) -> list[str]:
    # Quoted as JSON: pyinfra would read the version 1.10 as the number 1.1.
    return [word for key, value in data.items() if value for word in ("--data", f"{key}={json.dumps(value)}")]
