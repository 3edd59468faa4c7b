"""The recorder: a process of its own that keeps the journal of one run, so that the run waits for nothing.

It opens the store while the run still connects to its hosts, and outlives the run: a controller that is lost is
recorded, too. This module is the run's side of it and imports nothing heavy; `keeper` is the other side.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handrail.errors import HandrailError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

# A busy PostgreSQL answers by then, or nobody waits for it.
DEADLINE_SECONDS = 15
NEXT = "fab audit.verify says what is the matter with the journal"


class Unanswered(Refused):
    """The recorder said nothing in time, or ended: nobody knows what it has done by then."""


@dataclass
class Recorder:
    """The connection to the recorder of this process."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    owner: int
    begun: dict[str, Any] = field(default_factory=dict)
    down: bool = False
    _asked: int = 0
    _gone: bool = False
    _rest: bytes = b""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def facts(self, system: str, environment: str, verb: str) -> dict[str, Any]:
        """Tell what the journal knows: newest_at, durations in seconds, rehearsals."""
        return self._ask({"do": "facts", "system": system, "environment": environment, "verb": verb})

    def change_runs(self, change: str) -> list[dict[str, Any]]:
        """Tell which runs a change had: run, verb, outcome, at, seconds, seq, hash; the oldest first."""
        found: list[dict[str, Any]] = self._ask({"do": "change_runs", "change": change})["runs"]
        return found

    def begin(self, body: Mapping[str, Any], *, waits: bool = False) -> dict[str, Any]:
        """Record that a run begins, and give the head. Raises Refused where it cannot be recorded.

        With `waits` the spool is enough where the store cannot be written; then it gives why, under `waits`.
        """
        try:
            head = self._ask({"do": "begin", "body": dict(body), "waits": waits})
        except Unanswered as silent:
            # One that waits goes on; any other run is over, and its recorder may not have heard of it yet.
            if not waits:
                self._withdraw(body, silent.message)
            raise
        self.begun = dict(body)
        return head

    def _withdraw(self, body: Mapping[str, Any], why: str) -> None:
        """Say that a run does not begin; waits for nobody. A recorder that ended is replaced."""
        if self._gone:
            _forget()
        last = start() if self._gone else self
        with suppress(OSError), last._lock:  # noqa: SLF001  # one of its own kind
            last._asked += 1  # noqa: SLF001
            last._send({"do": "withdraw", "body": dict(body), "text": why, "id": last._asked})  # noqa: SLF001

    def event(self, event: Mapping[str, Any]) -> None:
        """Hand on how a step came out; waits for nobody, and fails for nothing."""
        try:
            with self._lock:
                self._send({"do": "event", "event": dict(event)})
        except (OSError, Refused):
            self.down = True

    def end(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Record how the run ended, and give the head. A recorder that was killed is replaced.

        Raises Refused where it cannot be recorded now: then what is known waits in the spool.
        """
        try:
            return self._ask({"do": "end", "body": dict(body)})
        except Refused:
            if not self._gone:
                raise
        _forget()
        return start()._ask({"do": "end", "body": {**self.begun, **body}})  # noqa: SLF001  # one of its own kind

    def refused(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Record that a run was refused, if that can be done: the refusal stands without it."""
        if self.down:
            return None
        try:
            return self._ask({"do": "refused", "body": dict(body)})
        except HandrailError:
            return None

    def close(self) -> None:
        """Tell the recorder that nothing more comes; a run that has begun and not ended is recorded as lost."""
        self.channel.close()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._asked += 1
            try:
                self._send({**question, "id": self._asked})
                answer = self._answer(time.monotonic() + DEADLINE_SECONDS)
            except TimeoutError:
                self.down = True
                raise Unanswered(f"the recorder did not answer within {DEADLINE_SECONDS} s", next_step=NEXT) from None
            except OSError:
                self.down = self._gone = True
                raise Unanswered("the recorder of the journal ended", next_step=NEXT) from None
        if "refused" in answer:
            self.down = True
            raise Refused(answer["refused"], next_step=answer["next_step"])
        given: dict[str, Any] = answer["ok"]
        return given

    def _send(self, message: Mapping[str, Any]) -> None:
        self.channel.settimeout(DEADLINE_SECONDS)
        self.channel.sendall(json.dumps(message).encode() + b"\n")

    def _answer(self, deadline: float) -> dict[str, Any]:
        """Read until the answer comes; one that came too late for its question is dropped."""
        while True:
            line, newline, rest = self._rest.partition(b"\n")
            if newline:
                self._rest = rest
                answer: dict[str, Any] = json.loads(line)
                if answer["id"] == self._asked:
                    return answer
                continue
            self.channel.settimeout(max(0.001, deadline - time.monotonic()))
            more = self.channel.recv(65_536)
            if not more:
                raise ConnectionResetError
            self._rest += more


_mine: list[Recorder] = []


def start() -> Recorder:
    """Start the recorder of this process, or give the one that runs; the sooner, the less the gate waits."""
    if _mine and _mine[0].owner == os.getpid():
        return _mine[0]
    _forget()
    here, there = socket.socketpair()
    with there:
        # -P: nothing in the current folder can stand in the place of a module.
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "handrail.journal.recorder", str(there.fileno())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=(there.fileno(),),
            # Ctrl-C and a terminal that closes are the run's; the recorder is to see how the run ends.
            start_new_session=True,
        )  # fmt: skip
    _mine.append(Recorder(process, here, os.getpid()))
    return _mine[0]


def _forget() -> None:
    for recorder in _mine:
        recorder.channel.close()
    _mine.clear()


if __name__ == "__main__":
    from handrail.journal.keeper import main

    sys.exit(main(int(sys.argv[1])))
