"""Units for systemd that run what is due every five minutes, on a machine that has no worker."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handrail.control.inventory import Inventory
    from handrail.hosts.inventory import Loaded

# systemd.timer(5): a second that was missed while the machine was off is made up for by Persistent; a service that
# still runs is not started again. systemd.service(5): a service of the type oneshot has no time limit of its own.
SERVICE = """\
[Unit]
Description=Scheduled tasks of {title}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User={user}
WorkingDirectory={folder}
# Secrets of the system, and HANDRAIL_STORE, if there are any; mode 0600.
EnvironmentFile=-/etc/handrail/{name}.env
Environment="HANDRAIL_SYSTEM={system}"
ExecStart={fab} schedule.run --due --inventory {inventory}
# A WARN is told of, and is no failure of this unit.
SuccessExitStatus=1
"""
TIMER = """\
[Unit]
Description=Every five minutes: scheduled tasks of {title}

[Timer]
OnCalendar=*:0/5
AccuracySec=1s
Persistent=true

[Install]
WantedBy=timers.target
"""


def units(here: Inventory, loaded: Loaded) -> dict[str, str]:
    """Write the service and the timer for this folder, this user and this inventory, by the names of their files."""
    environment = loaded.environment
    system = environment.system.name
    name = f"handrail-schedule-{system}-{environment.name}"
    values = {
        "name": name,
        "title": f"{system} on {environment.name}",
        "user": getpass.getuser(),
        "folder": _escaped(Path.cwd()),
        "system": system,
        "fab": _quoted(Path(sys.executable).with_name("fab")),
        "inventory": _quoted(Path(os.path.relpath(here.path))),
    }
    return {f"{name}.service": SERVICE.format_map(values), f"{name}.timer": TIMER.format_map(values)}


def _escaped(path: Path) -> str:
    """Write a path for a unit, where % begins a specifier."""
    return str(path).replace("%", "%%")


def _quoted(path: Path) -> str:
    """Write a path as one word of a command line, where $ begins a variable as well."""
    text = _escaped(path).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{text}"' if any(letter in text for letter in " \t\"'\\;") else text
