"""PM2 for the hosts that run it: pure JavaScript, so npm can install it here and the image takes it in."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lab import packages, paths
from lab.errors import LabError
from lab.progress import say

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "7.0.4"
# five seconds here
INSTALL_SECONDS = 300


def ensure() -> Path:
    """Return the folder that holds PM2 in node_modules; have npm install it if it is not there."""
    folder = paths.PM2 / VERSION
    if (folder / "package-lock.json").exists():
        return folder
    packages.require({"npm": "npm"})
    say(f"npm installs PM2 {VERSION}")
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", f"pm2@{VERSION}"]
    # every user of a host runs it
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False, umask=0o022
    )
    if done.returncode:
        raise LabError(f"npm: {done.stderr.strip()[-800:]}")
    return folder
