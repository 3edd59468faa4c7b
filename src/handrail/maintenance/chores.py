"""The scheduled tasks of inventories, which a worker runs beside windows: `fab schedule.run --due`, once a minute."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_SECONDS = 60.0


@dataclass
class Chores:
    """Who asks for what is due, in a process of its own: one that hangs holds up no window, and gets no second."""

    inventories: tuple[str, ...]
    say: Callable[[str], None]
    _due: float = 0.0
    _children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def look(self) -> None:
        """Ask again when a minute is over."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_SECONDS
        for inventory in self.inventories:
            before = self._children.get(inventory)
            if before is not None and before.poll() is None:
                continue
            if before is not None and before.returncode:
                self.say(f"{inventory}: fab schedule.run --due ended with {before.returncode}: fab schedule.list")
            line = [sys.executable, "-m", "fabric", "schedule.run", "--due", "--inventory", inventory]
            # What it says is in the record of each task, and told.
            nothing = subprocess.DEVNULL
            self._children[inventory] = subprocess.Popen(
                line, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
            )
