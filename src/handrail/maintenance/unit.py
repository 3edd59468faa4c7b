"""The systemd unit of a worker."""

from __future__ import annotations

import sys
from pathlib import Path

from handrail.journal.operator import account

UNIT = """\
# {folder}/.handrail/worker.env holds the variables that secrets come from, and HANDRAIL_STORE for several workers.
[Unit]
Description=handrail worker for {folder}
After=network-online.target
Wants=network-online.target
# A database that is away for an hour must not end it for good.
StartLimitIntervalSec=0

[Service]
User={user}
WorkingDirectory={folder}
EnvironmentFile=-{folder}/.handrail/worker.env
ExecStart={python} -m fabric worker{inventory}
Restart=always
RestartSec=1
# What a step runs outlives its worker: the next one waits for it.
KillMode=process

[Install]
WantedBy=multi-user.target
"""


def text(inventory: str) -> str:
    """Write it for this folder, this user and this Python."""
    given = f" --inventory {inventory}" if inventory else ""
    return UNIT.format(folder=Path.cwd(), user=account(), python=sys.executable, inventory=given)
