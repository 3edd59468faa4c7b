"""Where the lab keeps what it makes; all of it is below `.handrail/lab` and goes with `down`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAB = ROOT / "lab"
IMAGES = LAB / "images"
RUNTIME = ROOT / ".handrail" / "lab"

OPERATOR_KEY = RUNTIME / "id_ed25519"
KNOWN_HOSTS = RUNTIME / "known_hosts"
HOST_KEYS = RUNTIME / "host_keys"
SECRETS = RUNTIME / "secrets"
RELEASES = RUNTIME / "releases"
PM2 = RUNTIME / "pm2"
ENGINE_LOG = RUNTIME / "dockerd.log"
ENGINE_PID = RUNTIME / "dockerd.pid"
