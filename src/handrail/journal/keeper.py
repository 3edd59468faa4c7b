"""The recorder's own process: answers its run, and records how it ended, or that it was lost."""

from __future__ import annotations

import json
import signal
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handrail.errors import HandrailError
from handrail.journal import head, run_record
from handrail.journal import spool as spools
from handrail.journal.facts import change_runs, facts
from handrail.journal.open import place, writer
from handrail.journal.record import Entry, Retention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.journal.spool import Spool
    from handrail.journal.store import Store

# They are for the run; what the run makes of them is seen here.
# So long a journal that does not open is not tried again.
AGAIN_SECONDS = 10.0
DEAF = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Keeper:
    """The journal of one run."""

    def __init__(self) -> None:
        self.body: dict[str, Any] = {}
        self.events: list[dict[str, Any]] = []
        self.spool: Spool | None = None
        self._adopted = False
        self._store: Store | None = None
        self._trouble: HandrailError | None = None
        self._again = 0.0

    @property
    def store(self) -> Store:
        """The journal, opened when it is first needed, so that what is wrong with it can be answered.

        One that does not open is left alone for some seconds: each try may take as long as a run waits for an answer.
        """
        if self._store is None:
            if self._trouble is not None and time.monotonic() < self._again:
                raise self._trouble
            try:
                self._store = writer()
            except HandrailError as error:
                self._trouble, self._again = error, time.monotonic() + AGAIN_SECONDS
                raise
        return self._store

    def open(self) -> None:
        """Open the journal early; what is wrong with it is told to whoever asks."""
        with suppress(HandrailError):
            _ = self.store

    @property
    def _key(self) -> bytes:
        """The key of the spool; empty where the journal key cannot be used: then nothing is proven by it."""
        try:
            return head.signer().seal
        except HandrailError:
            return b""

    def do(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Do what the run asks."""
        match asked["do"]:
            case "facts":
                self._adopt()
                return facts(self.store, system=asked["system"], environment=asked["environment"], verb=asked["verb"])
            case "change_runs":
                return {"runs": change_runs(self.store, asked["change"])}
            case "begin":
                self._adopt(waits=asked["waits"])
                return self._begin(asked["body"], waits=asked["waits"])
            case "refused":
                body = {**asked["body"], "outcome": "refused"}
                return self.store.append(Entry("refused", body, Retention.CHANGE))
            case "withdraw":
                return self._withdraw(asked["body"], asked["text"])
            case _:
                return self._end(asked["body"])

    def note(self, event: dict[str, Any]) -> None:
        """Take down how a step came out."""
        self.events.append(event)
        if self.spool is not None:
            self.spool.write({"event": event})

    def sync(self) -> None:
        """See that what was taken down is on disk."""
        if self.spool is not None:
            with suppress(OSError):
                self.spool.sync()

    def leave(self) -> None:
        """Record a run that is gone without an end, with what is known of it; try once more what was not written."""
        if self.spool is None:
            return
        try:
            told = spools.told(self.spool)
            # Nobody waits any more: another try may take its time.
            self._trouble = None
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            ended = told.end is not None or told.withdrawn or not told.proven
            self.store.append(run_record.entry_of(told) if ended else run_record.lost(self.body, self.events, at=now))
            self.spool.remove()
        except HandrailError as error:
            run_record.complain(f"{self.spool.path} waits to be recorded: {error.message}")

    def close(self) -> None:
        """Let the journal go, if it was opened."""
        if self._store is not None:
            self._store.close()

    def _adopt(self, *, waits: bool = False) -> None:
        if waits and self._unusable():
            return
        if not self._adopted:
            # What waits for another journal is for fab audit.verify to tell, not for every run.
            run_record.adopt(self.store, quiet=True)
            self._adopted = True

    def _unusable(self) -> bool:
        try:
            return not self.store.id
        except HandrailError:
            return True

    def _begin(self, body: dict[str, Any], *, waits: bool) -> dict[str, Any]:
        """Write down that the run begins; one that may wait begins also where the spool alone can be written."""
        try:
            name = self.store.id
        except HandrailError:
            if not waits:
                raise
            name = spools.unopened(place())
        spool = spools.make(str(body["run"]), store=name, body=body, key=self._key)
        try:
            given = self.store.append(Entry("begun", body, Retention.CHANGE))
        except HandrailError as error:
            if not waits:
                spool.remove()
                raise
            given = {"waits": error.message}
        self.spool, self.body = spool, body
        return given

    def _withdraw(self, body: dict[str, Any], why: str) -> dict[str, Any]:
        """Record a run as refused that was told so before its beginning was answered."""
        self.spool, self.body = self.spool or spools.take(str(body["run"]), key=self._key), body
        if self.spool is not None:
            # Whatever happens to the store now, nobody takes it for lost.
            self._keep(self.spool, {"withdrawn": {"text": why}})
        given = self.store.append(run_record.withdrawn(body, why))
        if self.spool is not None:
            self.spool.remove()
            self.spool = None
        return given

    def _end(self, body: dict[str, Any]) -> dict[str, Any]:
        # A recorder in the place of one that was killed finds what that one has left.
        self.spool = self.spool or spools.take(str(body["run"]), key=self._key)
        self.body = self.body or body
        if self.spool is not None:
            # How it ended, before the store is asked: the steps are in the spool already.
            self._keep(self.spool, {"end": {name: each for name, each in body.items() if name != "steps"}})
        given = self.store.append(run_record.ended({**self.body, **body}))
        if self.spool is not None:
            self.spool.remove()
            self.spool = None
        return given

    def _keep(self, spool: Spool, line: dict[str, Any]) -> None:
        """Keep a line; a spool that takes none does not stop the store from being asked."""
        try:
            spool.keep(line)
        except OSError as error:
            run_record.complain(f"{spool.path}: {error.strerror}")


def main(descriptor: int) -> int:
    """Answer until the run is gone."""
    for number in DEAF:
        signal.signal(number, signal.SIG_IGN)
    keeper = Keeper()
    with socket.socket(fileno=descriptor) as channel:
        # gevent, which pyinfra brings in, makes sockets that do not block, and this one was made there.
        channel.setblocking(True)  # noqa: FBT003  # its only argument
        keeper.open()
        for batch in _batches(channel):
            for message in batch:
                if message["do"] == "event":
                    keeper.note(message["event"])
                else:
                    _reply(channel, {"id": message["id"], **_answer(keeper, message)})
            keeper.sync()
    keeper.leave()
    keeper.close()
    return 0


def _answer(keeper: Keeper, message: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": keeper.do(message)}
    except HandrailError as error:
        waits = f"; what is known of the run waits in {keeper.spool.path}" if keeper.spool is not None else ""
        return {"refused": f"{error.message}{waits}", "next_step": error.next_step}
    except Exception as error:  # noqa: BLE001  # whatever it is: the run must hear of it, and must not begin
        return {"refused": f"the recorder failed: {type(error).__name__}: {error}", "next_step": "fab audit.verify"}


def _reply(channel: socket.socket, answer: dict[str, Any]) -> None:
    # When the run is gone, the next read tells.
    with suppress(OSError):
        channel.sendall(json.dumps(answer).encode() + b"\n")


def _batches(channel: socket.socket) -> Iterator[list[dict[str, Any]]]:
    """Give what the run has said since the last time; ends when it is gone."""
    parts: list[bytes] = []
    while True:
        try:
            more = channel.recv(1 << 20)
        except OSError:
            return
        if not more:
            return
        parts.append(more)
        if b"\n" in more:
            *lines, rest = b"".join(parts).split(b"\n")
            parts = [rest]
            yield [json.loads(line) for line in lines]
