"""An emergency is announced: in capitals where the operator looks, and by the command that the environment names.

Its channels are told by `notices`.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from pyinfra import logger

from handrail.checklist.process import outside
from handrail.model.clearance import Kind
from handrail.model.happening import Happening
from handrail.secrets import masked

if TYPE_CHECKING:
    from handrail.orchestration.run import Run

# Whoever is told may be slow; nobody waits for that in an emergency.
ANNOUNCE_SECONDS = 10


def announce(run: Run) -> str:
    """Tell others of an emergency that begins; says how that went, which never stops the run."""
    if run.clearance.kind is not Kind.EMERGENCY:
        return ""
    reason = masked(run.clearance.reason, run.secrets)
    system, changes = run.environment.system, run.environment.system.changes
    text = f"EMERGENCY: {run.holder} on {system.name} {run.environment.name}: {reason}"
    logger.warning(text)
    command = changes.emergency.announce if changes else None
    if command is None:
        channels = system.notify and system.notify.channels_of(Happening.EMERGENCY)
        return "" if channels else "nobody is told: the environment names no command and no channel for it"
    told = {
        "event": "emergency", "text": text, "system": system.name, "environment": run.environment.name,
        "run": run.run_id, "verb": str(run.intent.verb), "reason": reason, "change": run.clearance.change,
    }  # fmt: skip
    try:
        done = subprocess.run(
            command,
            input=json.dumps(told).encode() + b"\n",
            # Nobody waits for a child that it leaves behind.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=outside(),
            timeout=ANNOUNCE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"NOBODY WAS TOLD: {command[0]}: {type(error).__name__}"
    return "told" if done.returncode == 0 else f"NOBODY WAS TOLD: {command[0]} ended with {done.returncode}"
