"""Install what is missing on this machine, where that is possible without asking."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from lab.errors import LabError, UnavailableError
from lab.progress import say

# a slow mirror needs minutes for docker.io and what it pulls in
APT_SECONDS = 600


def require(packages: dict[str, str]) -> None:
    """Install the packages whose command is missing; `packages` maps a command to the Debian package that has it."""
    missing = sorted({package for command, package in packages.items() if not _found(command)})
    if not missing:
        return
    if not can_install():
        raise UnavailableError(
            f"the lab needs {', '.join(missing)}; install that (or any Docker engine) and see that "
            "`docker info` answers, then run this again"
        )
    say(f"installing {' '.join(missing)}")
    _apt("update")
    _apt("install", "-y", "--no-install-recommends", *missing)


def can_install() -> bool:
    """Tell whether this is Debian or Ubuntu and we are root."""
    return sys.platform == "linux" and os.geteuid() == 0 and Path("/etc/debian_version").exists()


def _found(command: str) -> bool:
    return shutil.which(command, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _apt(*args: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-q", *args], env=environment, capture_output=True, text=True, timeout=APT_SECONDS, check=False
    )
    if done.returncode:
        raise LabError(f"apt-get {args[0]}: {done.stderr.strip()[-800:]}")
