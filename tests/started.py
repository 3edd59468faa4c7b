"""pyinfra and fab in processes of their own that do not import everything again: that is a second of a processor each.

A server for each program has it imported and forks for each run. The command line, the working directory, the
environment and the descriptors are those of the run, and so are its process id, its signals and its end.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib import import_module

# pyinfra replaces these by gevent's, which wait for its loop, as soon as it is imported
from os import close, fork, waitpid
from pathlib import Path
from socket import AF_UNIX, SOCK_SEQPACKET, recv_fds, send_fds, socket, socketpair
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
# Each message is whole: a run's command line with its environment is the longest.
MESSAGE_BYTES = 150_000
DESCRIPTORS = 16
PRELOADED = {
    "pyinfra": ["pyinfra_cli.main", "handrail.orchestration.session", "handrail.orchestration.execute"],
    "fab": ["fabric.main", "handrail.control.look", "handrail.control.connections", "rich.table", "sqlalchemy.orm"],
}


class Started:
    """A run of pyinfra or fab; what `subprocess.Popen` is to a new process."""

    def __init__(
        self,
        line: Sequence[str],
        *,
        stdout: IO[str],
        stderr: IO[str],
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        assert _is_ours(line), line
        program = "fab" if _is_fab(line) else "pyinfra"
        self.line = list(line) if program == "fab" else ["pyinfra", *line[3:]]
        self.returncode: int | None = None
        self._said, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        told = {
            "line": self.line,
            "cwd": str(cwd or Path.cwd()),
            "env": dict(env or os.environ),
            "to": [1, 2, *pass_fds],
        }
        with theirs:
            given = [theirs.fileno(), stdout.fileno(), stderr.fileno(), *pass_fds]
            send_fds(_server(program), [json.dumps(told).encode()], given)
        self.pid = int(self._said.recv(64))

    def poll(self) -> int | None:
        """Give the exit code of a run that is over."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0.001)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the run's end and give its exit code; that of a run that a signal ended is negative."""
        if self.returncode is None:
            self._said.settimeout(timeout)
            try:
                status = self._said.recv(64)
            except TimeoutError:
                raise subprocess.TimeoutExpired(self.line, timeout or 0) from None
            self._said.close()
            self.returncode = os.waitstatus_to_exitcode(int(status))
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send the run a signal, unless it is over."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the run."""
        self.send_signal(signal.SIGKILL)


def run(line: Sequence[str], *, timeout: float, **given: Any) -> subprocess.CompletedProcess[str]:
    """Do what `subprocess.run` does with `capture_output=True, text=True`; a line of other programs is left to it."""
    if not _is_ours(line):
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=timeout, **given)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = Started(line, stdout=out, stderr=err, **given)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(list(line), code, out.read(), err.read())


def _is_fab(line: Sequence[str]) -> bool:
    return Path(line[0]).name == "fab"


def _is_ours(line: Sequence[str]) -> bool:
    return _is_fab(line) or list(line[:3]) == [sys.executable, "-m", "pyinfra"]


@cache
def _server(program: str) -> socket:
    mine, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "tests.started", program, str(theirs.fileno())]
        nothing = subprocess.DEVNULL
        server = subprocess.Popen(command, cwd=ROOT, pass_fds=[theirs.fileno()], stdin=nothing, stdout=nothing)
    atexit.register(server.wait)
    atexit.register(mine.close)
    return mine


def _serve(program: str, control: socket) -> None:
    """Fork for each run. Returns in the process of a run alone."""
    for module in PRELOADED[program]:
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, *_ = recv_fds(control, MESSAGE_BYTES, DESCRIPTORS)
        if not message:
            os._exit(0)
        if fork() == 0:
            break
        for descriptor in descriptors:
            close(descriptor)
    control.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said = socket(fileno=descriptors[0])
    run = fork()
    if run:
        # Whoever waits for the run may be gone by then.
        with suppress(OSError):
            said.send(str(run).encode())
            said.send(str(waitpid(run, 0)[1]).encode())
        os._exit(0)
    said.close()
    _become(json.loads(message), descriptors[1:])


def _become(told: dict[str, Any], descriptors: list[int]) -> None:
    """Take the place of a new process: its descriptors, its folder, its environment, its command line."""
    aside = [fcntl.fcntl(one, fcntl.F_DUPFD_CLOEXEC, max(told["to"]) + 1) for one in descriptors]
    for descriptor, number in zip(aside, told["to"], strict=True):
        os.dup2(descriptor, number)
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(told["env"])
    sys.argv = told["line"]
    sys.path[0] = told["cwd"]
    random.seed()


if __name__ == "__main__":
    _serve(sys.argv[1], socket(fileno=int(sys.argv[2])))
    if sys.argv[0] == "pyinfra":
        import_module("pyinfra_cli.main").main()
    else:
        sys.exit(import_module("fabric.main").program.run())
