"""A client with kept-alive connections that counts what a user would have seen.

A request is good only if its status is 2xx and all of its body arrived. A connection that closes or resets with a
request in flight is a failed request, and so is a connection that cannot be made. A close that was announced, or on an
idle connection before anything was written, is a reconnect.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lab.load.connection import Connection
from lab.load.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

# no page of the lab takes longer, `/api/slow` aside
ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 5.0
# a server that is away must not be asked thousands of times a second
AGAIN_SECONDS = 0.05
# finer than any latency of interest, coarse enough to cost nothing
TICK_SECONDS = 0.002
# after a stall this much is made up for at once; more would be a burst that no user makes
BURST_SECONDS = 0.05


class Client:
    """Several connections to one server; as fast as it answers, or at a given rate."""

    def __init__(self, url: str, *, paths: Mapping[str, int], connections: int, rate: float | None) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        requests = [_request(path, parts.netloc) for path, weight in paths.items() for _ in range(weight)]
        self.requests = itertools.cycle(requests)
        self.samples = Samples()
        self.rate = rate
        self.stopping = False
        self.answer_seconds = ANSWER_SECONDS
        self._connections = [Connection(self) for _ in range(connections)]
        self._idle: deque[Connection] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._credit = 0.0
        self._paced_at = 0.0

    async def start(self) -> None:
        """Make the connections, then begin to count and to send."""
        await asyncio.gather(*(self._connect(connection) for connection in self._connections))
        if self.rate:
            self._paced_at = time.monotonic()
            self._spawn(self._pace(self.rate))
        self._spawn(self._time_out())

    async def stop(self) -> Samples:
        """Send nothing more, wait for what is in flight, and return what was measured."""
        self.stopping = True
        deadline = time.monotonic() + self.answer_seconds
        # an event would have to be kept up to date with every request, for one use
        while any(connection.busy for connection in self._connections) and time.monotonic() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(TICK_SECONDS)
        for connection in self._connections:
            connection.fail("not answered when the load ended")
        for task in self._tasks:
            task.cancel()
        self.samples.end()
        return self.samples

    def ready(self, connection: Connection) -> None:
        """Take back a connection that can send its next request."""
        if self.stopping:
            return
        if self.rate:
            self._idle.append(connection)
        else:
            connection.send()

    def reconnect(self, connection: Connection) -> None:
        """Replace a connection that is closed."""
        if not self.stopping:
            self._spawn(self._connect(connection))

    async def _connect(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        while not self.stopping:
            began = time.monotonic()
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await loop.create_connection(lambda: connection, self.host, self.port)
            except OSError as refused:
                reason = f"connect: {type(refused).__name__}: {refused.strerror or refused}"
                self.samples.add(began, time.monotonic(), 0, "", reason)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return

    async def _pace(self, rate: float) -> None:
        while not self.stopping:
            now = time.monotonic()
            self._credit = min(self._credit + (now - self._paced_at) * rate, max(rate * BURST_SECONDS, 1.0))
            self._paced_at = now
            while self._credit >= 1 and self._idle:
                connection = self._idle.popleft()
                if connection.idle:
                    self._credit -= 1
                    connection.send()
            # a slow rate wakes nobody before its next request
            await asyncio.sleep(max(TICK_SECONDS, (1 - self._credit) / rate))

    async def _time_out(self) -> None:
        while not self.stopping:
            await asyncio.sleep(min(0.5, self.answer_seconds / 2))
            for connection in self._connections:
                if connection.busy and time.monotonic() - connection.started > self.answer_seconds:
                    connection.fail(f"no answer in {self.answer_seconds:.0f} s")

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _request(path: str, host: str) -> tuple[str, bytes]:
    return path, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: handrail-lab\r\n\r\n".encode()
