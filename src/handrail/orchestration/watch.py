"""Around the steps of a run: keep its leases, notice hosts that fell silent, listen to Ctrl-C, tell who listens."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gevent

from handrail.model.fleet import Do, Outcome
from handrail.orchestration.send import Line

if TYPE_CHECKING:
    from pyinfra.api.host import Host

    from handrail.errors import HandrailError
    from handrail.hosts.script import Command
    from handrail.model.rollout import Step
    from handrail.orchestration.run import Run

# A lease is renewed three times within its life: two renewals may be lost.
RENEWALS = 3
# Steps that are never cut off: what goes back, what cannot be taken back, what gives the lease back.
UNINTERRUPTED = frozenset({Do.CONFIRM, Do.GO_BACK, Do.STOP, Do.DRAIN, Do.FINISH})
# The shell's code for a process that a signal ended.
INTERRUPTED_EXIT = 130


@dataclass
class Watch:
    """The live side of a run on this machine."""

    run: Run
    line: Line = field(default_factory=Line)
    error: HandrailError | None = None
    exit_code: int | None = None
    word: str = ""
    text: str = ""
    on_end: Callable[[Watch], None] | None = None
    _step: Step | None = None
    _keepers: list[gevent.Greenlet] = field(default_factory=list)

    def __repr__(self) -> str:
        return repr(self.run)

    def listen(self) -> None:
        """Take Ctrl-C and SIGTERM as a wish to go back, once; the second one leaves at once, and the timers go back."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stopped)

    def _stopped(self, number: int, frame: Any) -> None:
        if self.run.fleet.interrupted:
            os._exit(INTERRUPTED_EXIT)
        self.run.fleet.interrupted = True
        if self._step is None or self._step.do not in UNINTERRUPTED:
            gevent.get_hub().loop.run_callback(self.line.cut)

    def begins(self, host: Host, step: Step) -> None:
        """Note which step is under way."""
        self._step = step

    def keep(self, host: Host, renewal: Callable[[Run], Command]) -> None:
        """Renew the lease of a host for as long as the run lasts; a host that does not answer is given up."""
        interval = self.run.environment.system.times.lease.total_seconds() / RENEWALS

        def renew() -> None:
            while True:
                gevent.sleep(interval)
                reply = self.line.send(host, renewal(self.run))
                if reply.outcome is Outcome.REFUSED:
                    self.run.fleet.record(Do.LEASE, host.name, Outcome.REFUSED, part=RENEWALS, words=reply.words)
                    return
                if reply.outcome is Outcome.UNKNOWN:
                    self.line.cut(host.name)
                    return

        self._keepers.append(gevent.spawn(renew))

    def ends(self) -> None:
        """Stop renewing."""
        for keeper in self._keepers:
            keeper.kill(block=False)

    def conclude(self, exit_code: int, word: str, text: str) -> None:
        """Keep how the run ended, for whoever started it."""
        self.exit_code, self.word, self.text = exit_code, word, text
        if self.on_end is not None:
            self.on_end(self)
