"""The herald: a process of its own that sends messages, so that nobody waits for a channel longer than they want.

It goes on when whoever started it is gone: what was told is sent, and a will that nobody took back is read out. This
module is the teller's side of it and imports nothing heavy; `sender` is the other side.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from handrail.model.delivery import Delivery, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from handrail.hosts.inventory import Loaded
    from handrail.model.message import Message

# After that the sender gives a message up, whatever its channel does.
TOTAL_SECONDS = 30
# A sender that does not read for so long is none.
SAY_SECONDS = 2
STILL = "not there yet; fab notify.list tells whether it will have been"
ENDED = "its sender ended"


class Herald:
    """The connection to a sender."""

    def __init__(self, loaded: Loaded) -> None:
        """Start the sender; raises OSError where that cannot be."""
        environment = loaded.environment
        self._notify = environment.system.notify
        self._secrets = environment.system.secrets
        self._lock = threading.Lock()
        self._rest = b""
        self._number = 0
        self._waiting: dict[int, dict[tuple[str, str], Delivery | None]] = {}
        self.gone = False
        self._channel, there = socket.socketpair()
        with there:
            # -P: nothing in the current folder can stand in the place of a module.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "handrail.notify.sender", str(there.fileno())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                # Ctrl-C and a terminal that closes are the teller's.
                pass_fds=(there.fileno(),), start_new_session=True,
            )  # fmt: skip
        place = {"system": environment.system.name, "environment": environment.name}
        self._say({"do": "open", **place, "base": str(loaded.base.absolute())})

    def __enter__(self) -> Self:
        """Use it as long as the block lasts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the sender end."""
        self.close()

    def tell(self, message: Message, channels: Sequence[str]) -> int:
        """Hand a message on to these channels, wait for nothing, and give its number."""
        with self._lock:
            self._number += 1
            targets = self._targets(channels)
            self._waiting[self._number] = dict.fromkeys(((each["channel"], each["secret"]) for each in targets), None)
            self._say({"do": "send", "number": self._number, "message": asdict(message), "targets": targets})
            return self._number

    def will(self, message: Message, channels: Sequence[str]) -> None:
        """Say what is to be told if this process ends without `forget`."""
        with self._lock:
            self._say({"do": "will", "number": 0, "message": asdict(message), "targets": self._targets(channels)})

    def forget(self) -> None:
        """Take the will back."""
        with self._lock:
            self._say({"do": "forget"})

    def told(self, number: int, *, wait: float) -> tuple[Delivery, ...]:
        """Give what became of a message, for which it waits so many seconds at the most."""
        with self._lock:
            waiting = self._waiting[number]
            until = time.monotonic() + wait
            while not self.gone and None in waiting.values() and time.monotonic() < until:
                self._listen(until)
            other = (State.FAILED, ENDED) if self.gone else (State.UNDER_WAY, STILL)
            return tuple(each or Delivery(*target, other[0], 0, other[1]) for target, each in waiting.items())

    def close(self) -> None:
        """Tell the sender that nothing more comes; it ends when it is done."""
        self._channel.close()

    def _targets(self, channels: Sequence[str]) -> list[dict[str, Any]]:
        """Name the places of the URLs: the sender reads them itself, for that may take a while."""
        if self._notify is None:
            return []
        return [
            {"channel": name, "secret": secret, "source": self._secrets[secret].model_dump(exclude_none=True)}
            for name in channels
            for secret in self._notify.urls_of(name)
        ]

    def _say(self, words: dict[str, Any]) -> None:
        try:
            self._channel.settimeout(SAY_SECONDS)
            self._channel.sendall(json.dumps(words).encode() + b"\n")
        except OSError:
            self.gone = True

    def _listen(self, until: float) -> None:
        """Take in what the sender says."""
        try:
            self._channel.settimeout(max(0.001, until - time.monotonic()))
            more = self._channel.recv(65_536)
        except TimeoutError:
            return
        except OSError:
            more = b""
        self.gone = not more
        *lines, self._rest = (self._rest + more).split(b"\n")
        for line in lines:
            said = json.loads(line)
            delivery = Delivery(**(said["delivery"] | {"state": State(said["delivery"]["state"])}))
            self._waiting.get(said["number"], {})[delivery.channel, delivery.secret] = delivery
