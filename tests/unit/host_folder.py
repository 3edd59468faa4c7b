"""A folder in place of a host: a system's two directories, and the hosts' scripts run on them."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from handrail.hosts.script import Command, Reply, read_reply
from handrail.model.fleet import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DIGEST_OF_NOTHING = "0" * 64


@contextmanager
def answering(*statuses: int | tuple[int, ...], late_seconds: float = 0) -> Iterator[int]:
    """Listen on one port after the other; give the first one.

    Each answers with its status; one with several answers with each of them once, and then always with the last.
    """
    for first in range(42000, 43000, 20):
        try:
            servers = [_Answers(first + number, status, late_seconds) for number, status in enumerate(statuses)]
            break
        except OSError:
            continue
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield first
    for server in servers:
        server.shutdown()
        server.server_close()


class _Answers(ThreadingHTTPServer):
    def __init__(self, port: int, statuses: int | tuple[int, ...], late_seconds: float) -> None:
        self.late_seconds = late_seconds
        self.left = list(statuses) if isinstance(statuses, tuple) else [statuses]
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Answers

    def do_GET(self) -> None:
        time.sleep(self.server.late_seconds)
        left = self.server.left
        status = left.pop(0) if len(left) > 1 else left[0]
        self.send_response(status)
        with suppress(BrokenPipeError, ConnectionResetError):  # it did not wait
            self.end_headers()
            self.wfile.write(f"I answer {status}".encode())

    def log_message(self, *_: object) -> None:
        pass


class Host:
    """A system's two directories, and scripts that are run on them as on a host."""

    def __init__(self, folder: Path) -> None:
        self.root, self.run_directory = folder / "root", folder / "run"
        for name in ("lease", "gate", "releases", "slots"):
            (self.root / name).mkdir(parents=True)
        self.run_directory.mkdir()

    def run(self, *scripts: str, arguments: tuple[object, ...] = (), stdin: str = "") -> Reply:
        words = (str(self.root), str(self.run_directory), *map(str, arguments))
        command = Command(scripts, words, 20, stdin)
        done = subprocess.run(command.argv, input=stdin, capture_output=True, text=True, check=False, timeout=40)
        return read_reply(done.stdout.rstrip("\n").split("\n"), done.stderr.splitlines())

    def take(
        self,
        run_id: str,
        *,
        want: int = 0,
        seconds: float = 30,
        holder: str = "ann@desk (deploy)",
        verb: str = "deploy",
    ) -> Reply:
        return self.run("lease_take", "survey", "end", arguments=(want, run_id, seconds, holder, verb, "sanvi", "--"))

    def fenced(
        self, token: int, run_id: str, *scripts: str, arguments: tuple[object, ...] = (), stdin: str = ""
    ) -> Reply:
        return self.run("fenced", *scripts, arguments=(token, run_id, *arguments), stdin=stdin)

    def lease(self) -> list[str]:
        path = self.run_directory / "lease"
        return path.read_text().rstrip("\n").split("\t") if path.exists() else []

    def release(self, name: str) -> Path:
        path = self.root / "releases" / name
        path.mkdir()
        (path / ".complete").write_text(DIGEST_OF_NOTHING)
        return path

    def releases(self) -> set[str]:
        return {path.name for path in (self.root / "releases").iterdir()}

    def link(self, slot: str, release: str) -> None:
        path = self.root / "slots" / slot
        path.unlink(missing_ok=True)
        path.symlink_to(f"../releases/{release}")

    def good(self) -> list[str]:
        return (self.root / "good").read_text().split()


def token(reply: Reply) -> int:
    """Give the token that a host gave."""
    assert reply.outcome is Outcome.OK, reply
    return int(reply.value("token"))
