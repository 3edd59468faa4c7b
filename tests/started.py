"""pyinfra, fab and others in processes of their own that do not import it all again: a second of a processor each.

A server for each program (tests/forks.py) has it imported and forks for each run. The command line, the working
directory, the environment and the descriptors are those of the run, and so are its process id, its signals and its end.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

# pyinfra replaces it by gevent's, which waits for its loop, as soon as it is imported
from socket import AF_UNIX, SOCK_SEQPACKET, send_fds, socket, socketpair
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
# How a command line begins, to what is forked for it; `fab` is known by its name.
LINES = {
    (sys.executable, "-m", "pyinfra"): "pyinfra",
    (sys.executable, "-P", "-m", "handrail.journal.recorder"): "recorder",
    (sys.executable, "-P", "-m", "handrail.notify.sender"): "herald",
    (sys.executable, "-m", "handrail.maintenance.worker"): "worker",
    (sys.executable, "-P", "-m", "handrail.maintenance.runner"): "runner",
    (sys.executable, "-m", "fabric"): "fabric",
    (sys.executable, "-c"): "code",
}
# What a run may start in its turn.
STARTS = dict.fromkeys((*LINES.values(), "fab"), ("recorder", "herald", "pyinfra"))
STARTS |= dict.fromkeys(("worker", "runner", "fab", "code"), ("runner", "fabric", "recorder", "herald", "pyinfra"))
# What is read when a process starts, and not by a fork.
AT_START = {name: os.environ.get(name) for name in ("PYTHONPATH", "TZ")}
# How far the clock of a run is ahead, where LD_PRELOAD names faketime's library.
AHEAD = "AHEAD_SECONDS"
# By program and what is loaded before it; a run gets those of the test that started it.
SERVERS: dict[tuple[str, str], socket] = {}
POPEN = subprocess.Popen


class Started:
    """A run of one of these programs; what `subprocess.Popen` is to a new process."""

    def __init__(
        self,
        line: Sequence[str],
        *,
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
        cwd: Path | str | None = None,
        env: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        start_new_session: bool = False,
    ) -> None:
        assert stdin == subprocess.DEVNULL, "a run has no standard input"
        self.line = list(line)
        self.returncode: int | None = None
        self._said, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        program, env = program_of(line), dict(env or os.environ)
        loaded = env.get("LD_PRELOAD", "")
        servers = {name: server(name, loaded).fileno() for name in STARTS[program]}
        told = {
            "line": self.line,
            "cwd": str(cwd or Path.cwd()),
            "env": env,
            "to": [1, 2, *pass_fds],
            "servers": list(servers),
            "session": start_new_session,
        }
        with theirs, ExitStack() as opened:
            out = _descriptor(stdout, 1, opened)
            err = out if stderr == subprocess.STDOUT else _descriptor(stderr, 2, opened)
            given = [theirs.fileno(), *servers.values(), out, err, *pass_fds]
            send_fds(server(program, loaded), [json.dumps(told).encode()], given)
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
        """Send the run a signal, unless it is over, or is just about to be said so."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the run."""
        self.send_signal(signal.SIGKILL)


def popen(line: Sequence[str], **given: Any) -> Started | subprocess.Popen[Any]:
    """Take the place of `subprocess.Popen` in a run: what it starts is forked, too."""
    forked = isinstance(line, list) and program_of(line) and subprocess.PIPE not in given.values()
    return Started(line, **given) if forked and _starts_alike(given.get("env")) else POPEN(line, **given)


def _starts_alike(env: Mapping[str, str] | None) -> bool:
    """Whether nothing is asked for that is only done when Python starts, such as another path."""
    return all((env or os.environ).get(name) == known for name, known in AT_START.items())


def run(line: Sequence[str], *, timeout: float, **given: Any) -> subprocess.CompletedProcess[str]:
    """Do what `subprocess.run` does with `capture_output=True, text=True`; a line of other programs is left to it."""
    if not program_of(line) or not _starts_alike(given.get("env")):
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


def program_of(line: Sequence[str]) -> str:
    """Name the program that a command line starts; empty for one that is not forked."""
    begins = (program for begin, program in LINES.items() if tuple(line[: len(begin)]) == begin)
    return "fab" if Path(line[0]).name == "fab" else next(begins, "")


def server(program: str, loaded: str = "") -> socket:
    """Give the connection to a program's server, which ends with this process; LOADED is its LD_PRELOAD."""
    known = (program, loaded)
    if known not in SERVERS:
        SERVERS[known], theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-m", "tests.forks", program, str(theirs.fileno())]
            # Without the cache faketime would read the time once, for all forks.
            env = os.environ | ({"LD_PRELOAD": loaded, "FAKETIME_NO_CACHE": "1"} if loaded else {})
            nothing = subprocess.DEVNULL
            POPEN(command, cwd=ROOT, env=env, pass_fds=[theirs.fileno()], stdin=nothing, stdout=nothing)
        atexit.register(SERVERS[known].close)
    return SERVERS[known]


def _descriptor(given: int | IO[str] | None, number: int, opened: ExitStack) -> int:
    if given is None:
        return number
    if given == subprocess.DEVNULL:
        return opened.enter_context(Path(os.devnull).open("w")).fileno()
    return given if isinstance(given, int) else given.fileno()
