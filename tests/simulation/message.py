"""One command on its way to a host, and its answer on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Outcome
from tests.simulation.world import SILENCE

if TYPE_CHECKING:
    from handrail.model.host_state import HostState
    from handrail.model.plan import Plan
    from handrail.model.step import Step
    from tests.simulation.controller import Run
    from tests.simulation.hosts import Host


class Message:
    """One command on its way to a host, and its answer on the way back."""

    __slots__ = (
        "bad", "boot", "do", "done", "good", "host", "lost", "part", "plan", "run", "sent_at", "title", "token",
    )  # fmt: skip

    def __init__(self, run: Run, step: Step, host: Host, sent_at: float) -> None:
        self.run, self.host, self.sent_at = run, host, sent_at
        self.do, self.part, self.title = step.do, step.part, step.title
        self.token: int = run.fleet.token
        self.plan: Plan = run.fleet.plan  # type: ignore[assignment]  # every step that reads it comes after the plan
        self.lost, self.done, self.boot = "", False, host.boot
        self.good, self.bad = run.good_and_bad() if step.do is Do.FINISH else ("", "")

    def reply(
        self, outcome: Outcome, words: str = "", *, after: float = 0.0, token: int = 0, state: HostState | None = None
    ) -> None:
        """Send the answer back, if it is not lost."""
        world = self.host.world
        if world.story is not None:
            tail = ", but the reply is lost" if self.lost else ""
            world.tell("host", self.do, self.host.name, f"{outcome} {words}{tail}")
        if self.lost:
            self.silent(SILENCE)
        else:
            world.at(after + world.random.uniform(0.001, 0.05), self.run.receive, self, outcome, words, token, state)

    def silent(self, seconds: float) -> None:
        """Give up waiting for the answer."""
        self.host.world.at(seconds, self.run.receive, self, Outcome.UNKNOWN, "no reply", 0, None)
