"""Receivers of messages on loopback: an HTTP server that answers as a test wants, an SMTP server, one that hangs."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from collections.abc import Iterator

# Part of each URL: it must be seen nowhere.
SECRET = "Zx8-secret-hook-4711"
PASSWORD = "hunter2-hunter2-4711"


class Http(ThreadingHTTPServer):
    """An HTTP receiver: the n-th request gets the n-th status, and all later ones 200."""

    daemon_threads = True

    def __init__(self, *statuses: int, slow: float = 0) -> None:
        self.statuses = list(statuses)
        self.slow = slow
        self.got: list[dict[str, Any]] = []
        self.at: list[float] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Where messages go, as Apprise writes it."""
        return f"json://someone:{PASSWORD}@127.0.0.1:{self.server_address[1]}/{SECRET}/?overflow=upstream"

    def wait_for(self, count: int, *, seconds: float = 30) -> None:
        """Wait for so many requests."""
        until = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < until:
            time.sleep(0.02)
        assert len(self.got) >= count

    def messages(self) -> list[dict[str, Any]]:
        """Give the messages that were accepted."""
        return [each for each in self.got if each["status"] == 200]

    def titles(self) -> list[str]:
        """Give the titles of the messages that were accepted, in the order in which they came."""
        return [each["title"] for each in self.messages()]


class _Handler(BaseHTTPRequestHandler):
    server: Http

    def do_POST(self) -> None:
        self.server.at.append(time.monotonic())
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        time.sleep(self.server.slow)
        self.server.got.append({"status": status, "path": self.path, **body})
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@contextmanager
def http(*statuses: int, slow: float = 0) -> Iterator[Http]:
    """Run an HTTP receiver."""
    server = Http(*statuses, slow=slow)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def deaf() -> Iterator[str]:
    """Give the URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"json://someone:{PASSWORD}@127.0.0.1:{server.getsockname()[1]}/{SECRET}"


def nobody() -> str:
    """Give the URL of a server that is down."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"json://someone:{PASSWORD}@127.0.0.1:{port}/{SECRET}"


class Mailbox:
    """What an SMTP server took."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.url = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@contextmanager
def smtp() -> Iterator[Mailbox]:
    """Run an SMTP server."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.url = f"mailto://127.0.0.1:{port}/?from=handrail@example.com&to=ops@example.com&mode=insecure&name={SECRET}"
    try:
        yield box
    finally:
        controller.stop()
