"""One kept-alive connection with at most one request in flight."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from lab.load.response import MalformedError, Response

if TYPE_CHECKING:
    from lab.load.client import Client


class Connection(asyncio.Protocol):
    """Sends when the client says so; tells it the outcome and when it is free, or gone."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.busy = False
        self.started = 0.0
        self._transport: asyncio.Transport | None = None
        self._response = Response()
        self._path = ""

    @property
    def idle(self) -> bool:
        """Tell whether a request can be sent now."""
        return self._transport is not None and not self.busy and not self._transport.is_closing()

    def send(self) -> None:
        """Send the next request of the rotation."""
        if self._transport is None:
            return
        self._path, request = next(self.client.requests)
        self._response = Response()
        self.busy = True
        self.started = time.monotonic()
        self._transport.write(request)

    def fail(self, reason: str) -> None:
        """Count the request in flight as failed, and give the connection up."""
        if self.busy:
            self._count(reason)
        if self._transport:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a new connection into use."""
        self._transport = transport  # type: ignore[assignment]  # a TCP transport is an asyncio.Transport
        self.client.ready(self)

    def data_received(self, data: bytes) -> None:
        """Read on; when the response is complete, count it and be ready for the next."""
        if not self.busy:
            self.fail("")
            return
        try:
            complete = self._response.feed(data)
        except MalformedError as broken:
            self.fail(f"malformed: {broken}")
            return
        if complete:
            self._complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was in flight, and ask for another connection."""
        self._transport = None
        if self.busy and exc is None and self._response.ends_with_connection:
            self._count()
            self._count_reconnect()
        elif self.busy:
            how = "reset" if exc else "closed"
            part = "with part of the response" if self._response.head else "with a request in flight"
            self._count(f"{how} {part}")
        else:
            self._count_reconnect()
        self.client.reconnect(self)

    def _complete(self) -> None:
        self._count()
        if self._response.head and self._response.head.close and self._transport:
            self._transport.close()
        else:
            self.client.ready(self)

    def _count_reconnect(self) -> None:
        # a connection that goes when the load ends is not replaced
        if not self.client.stopping:
            self.client.samples.reconnects += 1

    def _count(self, failure: str = "") -> None:
        self.busy = False
        head = self._response.head
        status = head.status if head else 0
        if not failure and not 200 <= status < 300:
            failure = f"status {status}"
        reason = f"{self._path}: {failure}" if failure else ""
        self.client.samples.add(self.started, time.monotonic(), status, head.release if head else "", reason)
