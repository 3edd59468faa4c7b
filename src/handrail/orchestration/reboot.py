"""Reboot a host and wait until it is back: the connection is made anew, within a deadline."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import gevent

from handrail.hosts.script import Command, Reply
from handrail.model.fleet import Outcome
from handrail.orchestration.commands.lease import renew_lease
from handrail.orchestration.send import LOST

if TYPE_CHECKING:
    from pyinfra.api.host import Host

    from handrail.hosts.script import Upload
    from handrail.orchestration.watch import Watch

# A server checks its memory for minutes before it boots.
BACK_SECONDS = 900
PAUSE_SECONDS = 3
ASK_SECONDS = 10


def back_again(watch: Watch, host: Host, command: Command | Upload) -> Reply:
    """Send a command after which a host reboots, and wait until another boot answers; as it is if it need not."""
    with watch.away(host):
        reply = watch.line.send(host, command)
        if reply.outcome is not Outcome.OK:
            return reply
        began = time.monotonic()
        system = watch.run.environment.system
        ask = Command(("boot", "booted"), (system.root, watch.run.run_directory), ASK_SECONDS)
        while time.monotonic() - began < BACK_SECONDS:
            gevent.sleep(PAUSE_SECONDS)
            answer = _asked(watch, host, ask)
            if answer.outcome is Outcome.REFUSED:
                return answer
            if answer.outcome.good and answer.value("boot") != reply.value("boot"):
                return replace(answer, words=f"rebooted in {time.monotonic() - began:.0f} s")
        return Reply(Outcome.UNKNOWN, f"it is not back {BACK_SECONDS} s after its reboot", ())


def _asked(watch: Watch, host: Host, ask: Command) -> Reply:
    """Ask on a new connection: the old one may look open for as long as nobody tells it otherwise.

    The lease comes first: it was on tmpfs, and a host may take minutes until it is up.
    """
    with suppress(*LOST):
        host.disconnect()
    host.connect(show_errors=False)
    if not host.connected:
        return Reply(Outcome.UNKNOWN, "no connection", ())
    kept = watch.line.answer(host, renew_lease(watch.run, host.name))
    return watch.line.answer(host, ask) if kept.outcome.good else kept
