"""A run on the operator's machine: the real table, step by step, as orchestration/execute.py goes through it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from handrail.errors import HandrailError
from handrail.model import guard
from handrail.model.decide import decide
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.intent import Intent, Verb
from handrail.model.verdict import verdict
from tests.simulation import invariants
from tests.simulation.faults import Fault, Moment, strike
from tests.simulation.message import Message
from tests.simulation.tables import table
from tests.simulation.world import LEASE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.ended import Verdict
    from handrail.model.host_state import HostState
    from handrail.model.plan import Plan
    from handrail.model.roles import Roles
    from handrail.model.step import Step
    from tests.simulation.world import World

# orchestration/watch.py: renewals within the life of a lease; a refused one is recorded under this part.
RENEWALS = 3


class Run:
    """One controller. It may die, sleep or be interrupted between any two messages."""

    __slots__ = (
        "_going", "asleep_until", "dead", "faults", "fleet", "flying", "intent", "lost", "name", "sent", "steps",
        "verdict", "world",
    )  # fmt: skip

    def __init__(
        self, world: World, name: str, intent: Intent, roles: Roles, *, faults: dict[Moment, Fault] | None = None
    ) -> None:
        self.world, self.name, self.intent, self.fleet = world, name, intent, Fleet(roles)
        self.faults = faults or {}
        self.dead, self.asleep_until, self.sent = False, 0.0, 0
        self.verdict: Verdict | None = None
        self.lost: set[str] = set()
        self.flying: list[Message] = []
        generations = len(world.hosts[roles.services[0]].names)
        self.steps = table(intent.verb, generations, world.bug)
        self._going = self._go()

    @property
    def ended(self) -> bool:
        """Whether it does nothing any more."""
        return self.dead or self.verdict is not None

    def begin(self) -> None:
        """Start, and keep renewing the leases."""
        release = self.intent.release.id if self.intent.release else ""
        self.world.tell(self.name, f"begins to {self.intent.verb} {release}")
        self.world.at(LEASE / RENEWALS, self.renew)
        self._advance()

    def _go(self) -> Iterator[tuple[Step, list[str]]]:
        fleet = self.fleet
        for step in self.steps:
            hosts = _hosts(step, fleet)
            if not hosts:
                continue
            if step.do is Do.PLAN:
                self._plan(hosts[0])
                continue
            yield step, hosts
        self.verdict = verdict(fleet)
        self.world.tell(self.name, f"ends with exit {self.verdict.exit_code}", "", self.verdict.text)
        invariants.truthful(self)

    def _plan(self, host: str) -> None:
        fleet = self.fleet
        try:
            fleet.plan = decide(self.intent, self._seen(), fleet.roles)
        except HandrailError as error:
            fleet.record(Do.PLAN, host, Outcome.FAILED, words=error.message)
        else:
            fleet.record(Do.PLAN, host, Outcome.OK)
            plan = fleet.plan
            self.world.tell(self.name, f"plans {plan.change}", "", f"{plan.live} -> {plan.slot} {_marks(plan)}")

    def _seen(self) -> dict[str, HostState]:
        states = self.fleet.states
        if self.intent.verb is not Verb.REHEARSE or self.world.bug != "blind-rehearsal":
            return states
        return {name: replace(each, gate=replace(each.gate, pending=(), shares=())) for name, each in states.items()}

    def _advance(self) -> None:
        while not self.flying and not self.dead:
            try:
                step, hosts = next(self._going)
            except StopIteration:
                return
            self._send(step, hosts)

    def _send(self, step: Step, hosts: list[str]) -> None:
        """Send to all hosts at once, in any order, unless something happens in between."""
        world = self.world
        uniform = world.random.uniform
        world.random.shuffle(hosts)
        sent_at = world.now
        for index, name in enumerate(hosts):
            self.sent += 1
            fault = None
            if self.faults:
                fault = self.faults.get(self.sent) or self.faults.get((step.do, step.part + index))
            if name in self.lost:
                self.fleet.record(step.do, name, Outcome.UNKNOWN, part=step.part, words="it has not answered before")
                continue
            message = Message(self, step, world.hosts[name], sent_at)
            self.flying.append(message)
            late = 0.0
            if fault is not None:
                late = strike(fault, message)
                if self.dead:
                    return
                sent_at = max(sent_at, self.asleep_until)
            if message.lost != "request":
                world.at(sent_at - world.now + late + uniform(0.001, 0.1), message.host.arrives, message)

    def receive(self, message: Message, outcome: Outcome, words: str, token: int, state: HostState | None) -> None:
        """Take an answer in; when all are in, go on."""
        if self.dead or message.done:
            return
        if self.world.now < self.asleep_until:
            self.world.at(self.asleep_until - self.world.now, self.receive, message, outcome, words, token, state)
            return
        message.done = True
        self.flying.remove(message)
        host = message.host.name
        if outcome is Outcome.UNKNOWN:
            self.world.tell(self.name, f"hears nothing: {message.do}", host)
        if token:
            self.fleet.tokens[host] = token
            self.fleet.states[host] = state  # type: ignore[assignment]  # comes with every token
        self.fleet.record(message.do, host, outcome, part=message.part, words=words)
        if not self.flying:
            self._advance()

    def renew(self) -> None:
        """Keep the leases, unless asleep."""
        world = self.world
        if self.ended:
            return
        if world.now < self.asleep_until:
            world.at(self.asleep_until - world.now, self.renew)
            return
        for name, token in self.fleet.tokens.items():
            outcome = Outcome.UNKNOWN if name in self.lost else world.hosts[name].renew(self.name, token)
            if outcome is Outcome.REFUSED:
                self.fleet.record(Do.LEASE, name, outcome, part=RENEWALS, words="the lease is not this run's any more")
            elif outcome is Outcome.UNKNOWN:
                self.lost.add(name)
        world.at(LEASE / RENEWALS, self.renew)

    def interrupt(self) -> None:
        """Ctrl-C: nobody waits any longer for what is in flight."""
        if self.ended:
            return
        self.world.tell("fault", f"Ctrl-C for {self.name}")
        self.fleet.interrupted = True
        for message in list(self.flying):
            self.receive(message, Outcome.INTERRUPTED, "stopped by the operator", 0, None)

    def good_and_bad(self) -> tuple[str, str]:
        """Name the release that proved good, and the one that was rolled back from."""
        plan = self.fleet.plan
        if plan is None or not plan.verb.moves_release:
            return "", ""
        if plan.nothing:
            return plan.live_release, ""
        if not guard.decided(self.fleet):
            return "", ""
        bad = plan.live_release if plan.verb is Verb.ROLLBACK and plan.live_release != plan.release_id else ""
        return plan.release_id, bad


def _hosts(step: Step, fleet: Fleet) -> list[str]:
    """Ask the step; its guard is about the whole fleet, so that one host tells for all, except where leases differ."""
    hosts = step.hosts(fleet)
    if step.do is Do.FINISH:
        return [host for host in hosts if step.runs_on(host, fleet)]
    return list(hosts) if hosts and step.runs_on(hosts[0], fleet) else []


def _marks(plan: Plan) -> str:
    return " ".join(mark for mark in ("nothing", "warm", "settle") if getattr(plan, mark))
