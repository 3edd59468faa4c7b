"""Print how long each service took from its start to its health, so that it can be told from what Ansible takes."""

from __future__ import annotations

import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: time_to_healthy
    type: aggregate
    short_description: times from the tasks "Start the …" to the ends of the tasks "Wait for the …", on each host
    description: [see short_description]
"""


class CallbackModule(CallbackBase):
    """Ansible finds it by this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "time_to_healthy"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[str, float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A start counts from the moment at which Ansible turns to it."""
        if task.get_name().startswith("Start the "):
            self._began[host.get_name()] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        """A service is healthy when Ansible knows it."""
        if result.task.get_name().startswith("Wait for the "):
            seconds = time.monotonic() - self._began[result.host.get_name()]
            self._display.display(f"[{result.host.get_name()}] healthy after {seconds:.2f} s")
