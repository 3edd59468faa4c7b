"""Run the docker command line, and stop with its own words when it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lab.errors import LabError

# an engine that takes longer than this for one command is stuck
SECONDS = 60
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# proc(5): the 22nd field of stat, the 20th after the name
STARTED = 19


def docker(*args: str, stdin: bytes | None = None, timeout_seconds: float = SECONDS) -> str:
    """Run one docker command and return what it printed."""
    try:
        done = subprocess.run(["docker", *args], input=stdin, capture_output=True, timeout=timeout_seconds, check=False)
    except subprocess.TimeoutExpired as slow:
        raise LabError(f"docker {args[0]}: no answer after {timeout_seconds:.0f} s") from slow
    if done.returncode:
        raise LabError(f"docker {' '.join(args[:2])}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace").strip()


def shell(container: str, script: str, *, timeout_seconds: float = SECONDS) -> str:
    """Run a script as root in a container; it goes in on stdin, so that nothing of it is in a process list.

    Entering the container's namespaces costs a tenth of what `docker exec` does; only root on its machine can.
    """
    enter = _entering(container) if os.geteuid() == 0 and shutil.which("nsenter") else []
    if not enter:
        return docker("exec", "-i", container, "sh", "-eu", stdin=script.encode(), timeout_seconds=timeout_seconds)
    try:
        done = subprocess.run(
            [*enter, "sh", "-eu"], input=script.encode(), capture_output=True, timeout=timeout_seconds, check=False
        )
    except subprocess.TimeoutExpired as slow:
        raise LabError(f"{container}: no answer after {timeout_seconds:.0f} s") from slow
    if done.returncode:
        raise LabError(f"{container}: {done.stderr.decode(errors='replace').strip() or f'exit {done.returncode}'}")
    return done.stdout.decode(errors="replace").strip()


# The first process of each container, with the time of its start: its number may be another process's one day.
_first: dict[str, tuple[str, str]] = {}


def _entering(container: str) -> list[str]:
    """Give the command that enters a container that runs; nothing where it runs on another machine."""
    known = _first.get(container)
    if known is None or _began(known[0]) != known[1]:
        number = docker("inspect", "--format", "{{.State.Pid}}", container)
        known = _first[container] = (number, _began(number))
    if not known[1]:
        return []
    flags = ["--target", known[0], "--mount", "--uts", "--ipc", "--net", "--pid"]
    return ["nsenter", *flags, "--", "env", "-i", "HOME=/root", f"PATH={PATH}"]


def _began(number: str) -> str:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[STARTED]
    except OSError:
        return ""
