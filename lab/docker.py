"""Run the docker command line, and stop with its own words when it fails."""

from __future__ import annotations

import subprocess

from lab.errors import LabError

# an engine that takes longer than this for one command is stuck
SECONDS = 60


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
    """Run a script as root in a container; it goes in on stdin, so that nothing of it is in a process list."""
    return docker("exec", "-i", container, "sh", "-eu", stdin=script.encode(), timeout_seconds=timeout_seconds)
