"""Around the steps of a run: keep its leases, notice hosts that fell silent, listen to Ctrl-C, tell who listens."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gevent
from gevent.lock import BoundedSemaphore

from handrail.model.fleet import Do, Outcome
from handrail.orchestration.send import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyinfra.api.host import Host

    from handrail.ecs.reply import Call
    from handrail.hosts.script import Command
    from handrail.model.step import Step
    from handrail.orchestration.evidence import Evidence
    from handrail.orchestration.run import Run

# A lease is renewed three times within its life: two renewals may be lost.
RENEWALS = 3
# Steps that are never cut off: what goes back, what cannot be taken back, what gives the lease back.
UNINTERRUPTED = frozenset(
    {
        Do.CONFIRM,
        Do.GO_BACK,
        Do.STOP,
        Do.DRAIN,
        Do.UPGRADE,
        Do.REBOOT,
        Do.CHECK,
        Do.PUT_IN,
        Do.FINISH,
        Do.PROMOTE,
        Do.REVIVE,
    }
)
# Of these, only the part that goes back, or ends what was begun.
UNINTERRUPTED_PARTS = frozenset({(Do.SPREAD, 1), (Do.BACK_UP, 1), (Do.RESUME, 1)})
# The shell's code for a process that a signal ended.
INTERRUPTED_EXIT = 130


@dataclass
class Keeper:
    """Who renews the lease of one host.

    A renewal that came after the lease was given back would bring it back, or be refused: hence the lock.
    """

    lock: BoundedSemaphore = field(default_factory=BoundedSemaphore)
    done: bool = False


@dataclass
class Watch:
    """The live side of a run on this machine."""

    run: Run
    evidence: Evidence
    line: Line = field(default_factory=Line)
    _step: Step | None = None
    _keepers: dict[str, Keeper] = field(default_factory=dict)

    def __repr__(self) -> str:
        return repr(self.run)

    def listen(self) -> None:
        """Take Ctrl-C and SIGTERM as a wish to go back, once; the second one leaves at once.

        Then the timers of the edges take back a cutover. A host that is out of traffic stays so, for nobody has checked
        it; `fab health` names it.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stopped)

    def _stopped(self, _number: int, _frame: Any) -> None:
        if self.run.fleet.interrupted:
            os._exit(INTERRUPTED_EXIT)
        self.run.fleet.interrupted = True
        step = self._step
        if step is None or (step.do not in UNINTERRUPTED and (step.do, step.part) not in UNINTERRUPTED_PARTS):
            gevent.get_hub().loop.run_callback(self.line.cut)

    def begins(self, step: Step) -> None:
        """Note which step is under way."""
        self._step = step

    def keep(self, host: Host, renewal: Callable[[Run, str], Command | Call]) -> None:
        """Renew the lease of a host for as long as the run lasts; a host that does not answer is given up."""
        if host.name in self._keepers:
            return
        interval = self.run.environment.system.times.lease.total_seconds() / RENEWALS
        keeper = self._keepers[host.name] = Keeper()

        def renew() -> None:
            while True:
                gevent.sleep(interval)
                with keeper.lock:
                    if keeper.done:
                        return
                    reply = self.line.send(host, renewal(self.run, host.name))
                if reply.outcome is Outcome.REFUSED:
                    self.run.fleet.record(Do.LEASE, host.name, Outcome.REFUSED, part=RENEWALS, words=reply.words)
                    return
                if reply.outcome is Outcome.UNKNOWN:
                    self.line.cut(host.name)
                    return

        gevent.spawn(renew)

    @contextmanager
    def away(self, host: Host) -> Iterator[None]:
        """Expect no answer from a host for a while: nobody renews its lease, and it is not given up."""
        with self._keepers.setdefault(host.name, Keeper()).lock:
            yield

    def let_go(self, host: Host) -> None:
        """Stop renewing the lease of a host that is about to be given back; wait for a renewal that is under way."""
        keeper = self._keepers.get(host.name)
        if keeper is not None:
            with keeper.lock:
                keeper.done = True
