"""A deploy in a process of its own: its events as they happen, and the ways in which its machine can go away."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.started import Started

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "inventories" / "lab.py"
# Nothing in the lab takes longer on an idle machine than a fifth of this.
PATIENCE_SECONDS = 120


class Controller:
    """`pyinfra -y INVENTORY deploys/VERB.py --data …`, begun at once and left running."""

    def __init__(self, verb: str, *flags: str, inventory: Path = INVENTORY, **data: str) -> None:
        read, write = os.pipe()
        if inventory != INVENTORY:
            folder = inventory.parent if list(inventory.parent.glob("*.yaml")) else inventory.parent.parent
            data = {**data, "inventory_folder": str(folder)}
        given = [word for key, value in data.items() for word in ("--data", f"{key}={value}")]
        self.name = " ".join([verb, *data.values()])
        self.events: list[dict[str, Any]] = []
        self.end: dict[str, Any] = {}
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed with the process
        self.process = Started(
            [sys.executable, "-m", "pyinfra", "-y", *flags, str(inventory), f"deploys/{verb}.py", *given],
            cwd=ROOT,
            env=os.environ | {"HANDRAIL_EVENTS": str(write)},
            pass_fds=(write,),
            stdout=self._said,
            stderr=self._said,
        )
        os.close(write)
        self._news = threading.Condition()
        self._over = False
        threading.Thread(target=self._listen, args=(read,), daemon=True).start()

    def wait_for_step(self, step: str, host: str = "", *, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Wait until a step has come out on a host, on any by default, and give its event."""
        with self._news:
            self._news.wait_for(lambda: self._over or self.steps(step, host), timeout=seconds)
            found = self.steps(step, host)
        assert found, f"{self.name}: no step {step!r} {host}; end: {self.end}\n{self.output()}"
        return found[0]

    def wait_for_begin(self, step: str, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a step is under way on any host."""

        def begun() -> bool:
            return any(event["step"] == step for event in self.events)

        with self._news:
            self._news.wait_for(lambda: self._over or begun(), timeout=seconds)
        assert begun(), f"{self.name}: {step!r} never began; end: {self.end}\n{self.output()}"

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end and give the exit code that a task would have; pyinfra's own must agree with it."""
        code = self.process.wait(timeout=seconds)
        with self._news:
            self._news.wait_for(lambda: self._over, timeout=10)
        assert self.end, f"{self.name}: ended with {code} and no word\n{self.output()}"
        assert (code == 0) == (self.end["exit_code"] == 0), f"pyinfra ended with {code}: {self.end}\n{self.output()}"
        return int(self.end["exit_code"])

    def steps(self, step: str, host: str = "") -> list[dict[str, Any]]:
        """List how a step came out so far; the events that it has begun are left out."""
        done = (event for event in self.events if event["outcome"] != "running")
        return [event for event in done if event["step"] == step and host in {"", event["host"]}]

    def output(self) -> str:
        """Give what it printed so far."""
        self._said.seek(0)
        return self._said.read()

    def kill(self) -> None:
        """Die at once, as when the machine loses its power."""
        self.process.kill()
        self.process.wait(timeout=10)

    def pause(self) -> None:
        """Stand still, as a laptop that is closed; its connections stay."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on as if no time had passed."""
        self.process.send_signal(signal.SIGCONT)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def _listen(self, descriptor: int) -> None:
        with os.fdopen(descriptor) as lines:
            for line in lines:
                message = json.loads(line)
                with self._news:
                    if "event" in message:
                        self.events.append(message["event"])
                    self.end = message.get("end", self.end)
                    self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()
