"""Execute a table of steps on edges on loopback: the real guards, commands and scripts, without SSH and pyinfra."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.errors import HandrailError
from handrail.hosts.script import Command, Reply, read_reply
from handrail.model import acme
from handrail.model.clearance import Clearance, Kind
from handrail.model.decide import decide
from handrail.model.fleet import Do, Outcome
from handrail.model.host_state import HostState
from handrail.model.rollout import TABLES
from handrail.orchestration.commands import commands
from handrail.orchestration.commands.unit import inside_edge
from handrail.orchestration.run import Run
from tests.unit.host_folder import token

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handrail.model.ended import Verdict
    from handrail.model.intent import Intent
    from tests.unit.tls.edge import Edge, Edges

NOBODY = Clearance(Kind.FREE, {}, "")


class Play:
    """One run. `before` is told of each step and host, and may break something, or lose the reply by saying so."""

    def __init__(self, edges: Edges, intent: Intent, base: Path) -> None:
        self.edges = dict(zip(("web1", "web2"), edges.all, strict=True))
        self.run = Run(
            edges.environment, intent, base=base, cache=base, clearance=NOBODY, run_id=f"{datetime.now(UTC):%f}"
        )
        self.sent: list[Command] = []

    def go(self, before: Callable[[Do, str], bool | None] = lambda *_: None) -> Verdict:
        _ = self.run.pair
        fleet = self.run.fleet
        for step in TABLES[self.run.intent.verb]:
            for host in [host for host in fleet.roles.hosts if step.runs_on(host, fleet)]:
                if step.do is Do.PLAN:
                    fleet.plan = decide(self.run.intent, fleet.states, fleet.roles)
                    continue
                lost = before(step.do, host) is False
                reply = Reply(Outcome.UNKNOWN, "no reply", ()) if lost else self._done(step, host)
                fleet.record(step.do, host, reply.outcome, part=step.part, words=reply.words)
        return self.run.verdict()

    def _done(self, step, host: str) -> Reply:
        edge = self.edges[host]
        if step.do is Do.LEASE:
            want = self.run.fleet.token
            reply = edge.take(self.run.run_id, want=want)
            self.run.fleet.tokens[host], self.run.fleet.states[host] = token(reply), HostState()
            return reply
        reply = Reply(Outcome.UNCHANGED, "", ())
        for command in commands(self.run, step, host):
            reply = self._sent(edge, command)
        if step.do is Do.ISSUE and reply.outcome.good:
            try:
                self.run.issued(reply.block("issued"))
            except HandrailError as error:
                return Reply(Outcome.FAILED, error.message, ())
        why = "" if reply.outcome.good else acme.reason(reply.block("log"))
        return replace(reply, words=f"{reply.words}: {why}") if why else reply

    def _sent(self, edge: Edge, command: Command) -> Reply:
        here = {inside_edge(edge.system): edge.inside, "127.0.0.1": edge.address}
        words = (str(edge.root), str(edge.run_directory), *(here.get(word, word) for word in command.arguments[2:]))
        command = replace(command, arguments=words)
        self.sent.append(command)
        done = subprocess.run(
            command.argv, input=command.stdin, capture_output=True, text=True, check=False, timeout=200
        )
        return read_reply(done.stdout.splitlines(), done.stderr.splitlines())
