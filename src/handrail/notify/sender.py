"""The sender's own process: each message goes to each of its URLs in a thread of its own."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import HandrailError, SecretMissing
from handrail.model.delivery import Delivery, State
from handrail.model.happening import Happening
from handrail.model.level import Level
from handrail.model.message import Message
from handrail.model.secret import SecretSource
from handrail.notify.herald import TOTAL_SECONDS
from handrail.notify.outbox import Outbox, Slip
from handrail.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# They are for whoever has something to tell; what was told is sent all the same.
DEAF = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# How soon a message that another one is sending is looked at again.
LOOK_SECONDS = 0.5
# How much longer than a message may take this process lives on, to note what came of it.
NOTE_SECONDS = 15


@dataclass
class Sender:
    """Sends the messages of one environment."""

    system: str
    environment: str
    base: Path
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    _outbox: Outbox = field(default_factory=Outbox)

    def deliver(self, message: Message, target: dict[str, Any]) -> Delivery:
        """Send a message to one URL, unless somebody has; never raises."""
        until = time.monotonic() + TOTAL_SECONDS
        slip = Slip(
            self.system, self.environment, message.event, message.key, target["channel"], target["secret"], self.owner
        )
        try:
            return self._deliver(slip, message, SecretSource(**target["source"]), until)
        except Exception as error:  # noqa: BLE001  # whatever it is: who waits must hear of it, and not its words
            return Delivery(slip.channel, slip.secret, State.FAILED, 0, f"the sender failed: {type(error).__name__}")

    def _deliver(self, slip: Slip, message: Message, source: SecretSource, until: float) -> Delivery:
        trouble = ""
        try:
            state = self._claimed(slip, message.title, until)
        except HandrailError as error:
            # Better told twice than never.
            state, trouble = None, f"not in the outbox, so it may be sent again: {error.message}"
        if state is not None:
            return Delivery(slip.channel, slip.secret, state)
        sent = self._sent(slip, message, source, until, noted=not trouble)
        if not trouble:
            try:
                self._outbox.mark(slip, sent)
            except HandrailError as error:
                trouble = f"not marked in the outbox, so it may be sent again: {error.message}"
        return replace(sent, text="; ".join(text for text in (sent.text, trouble) if text))

    def _claimed(self, slip: Slip, title: str, until: float) -> State | None:
        """Take the message; wait for another one who has it, in case they are gone. Nothing means that it is ours."""
        while (state := self._outbox.claim(slip, title)) is State.UNDER_WAY and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        return state

    def _sent(self, slip: Slip, message: Message, source: SecretSource, until: float, *, noted: bool) -> Delivery:
        try:
            url = resolve(slip.secret, source, base=self.base).reveal()
            from handrail.notify.channel import send  # noqa: PLC0415  # an extra
        except SecretMissing as missing:
            return _failed(slip, missing.message)
        except ImportError:
            return _failed(slip, "Apprise is not installed: pip install 'handrail[notify]'")

        def ours() -> bool:
            try:
                return not noted or self._outbox.renew(slip)
            except HandrailError:  # nobody else can take it either
                return True

        sent = send(url, message, until=until, ours=ours)
        return Delivery(slip.channel, slip.secret, State.SENT if sent.ok else State.FAILED, sent.tries, sent.text)


def main(descriptor: int) -> int:
    """Send what is told until the teller is gone, then what its will says, and end when all is done."""
    for number in DEAF:
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_prepare, daemon=True).start()
    threads: list[threading.Thread] = []
    # gevent, which pyinfra brings in, makes sockets that do not block, and this one was made there.
    channel = socket.socket(fileno=descriptor)
    channel.setblocking(True)  # noqa: FBT003  # its only argument
    answer = _answers(channel)
    sender: Sender | None = None
    will: dict[str, Any] | None = None
    for words in _lines(channel):
        match words["do"]:
            case "open":
                sender = Sender(words["system"], words["environment"], Path(words["base"]))
            case "will":
                will = words
            case "forget":
                will = None
            case "send" if sender is not None:
                threads += _begin(sender, words, answer)
    if will is not None and sender is not None:
        threads += _begin(sender, will, answer)
    until = time.monotonic() + TOTAL_SECONDS + NOTE_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    # A channel that still hangs has a thread, which nobody waits for.
    os._exit(0)


def _begin(
    sender: Sender, words: dict[str, Any], answer: Callable[[int, Delivery], None]
) -> Iterator[threading.Thread]:
    told = words["message"]
    message = Message(Happening(told["event"]), told["key"], Level(told["level"]), told["title"], told["body"])
    for target in words["targets"]:

        def work(target: dict[str, Any] = target) -> None:
            answer(words["number"], sender.deliver(message, target))

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        yield thread


def _prepare() -> None:
    """Do what takes long while there is nothing to send yet."""
    with suppress(ImportError):
        from handrail.notify.channel import prepare  # noqa: PLC0415  # an extra

        prepare()


def _answers(channel: socket.socket) -> Callable[[int, Delivery], None]:
    lock = threading.Lock()

    def answer(number: int, delivery: Delivery) -> None:
        line = json.dumps({"number": number, "delivery": delivery.json()}).encode() + b"\n"
        # Who does not wait any more does not hear it.
        with lock, suppress(OSError):
            channel.sendall(line)

    return answer


def _failed(slip: Slip, why: str) -> Delivery:
    return Delivery(slip.channel, slip.secret, State.FAILED, 0, why)


def _lines(channel: socket.socket) -> Iterator[dict[str, Any]]:
    rest = b""
    while True:
        try:
            more = channel.recv(65_536)
        except OSError:
            return
        if not more:
            return
        *lines, rest = (rest + more).split(b"\n")
        yield from map(json.loads, lines)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
