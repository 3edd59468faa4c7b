"""The order of a run and its guards, as data: pyinfra executes these tables, and a simulator executes the same ones.

The invariant: at every moment the traffic goes to one slot that passed its health check, and whatever dies, every edge
ends on the same release. Therefore
- nothing gets traffic before every host's idle slot is healthy;
- a cutover is unconfirmed until the first edge, the decider, has confirmed it; who hears nothing asks, then goes back;
- whatever fails before that moment sends every edge back; nothing after it does;
- the slot that failed is stopped only where every edge is known to have left it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.intent import Verb

if TYPE_CHECKING:
    from handrail.model.plan import Plan
    from handrail.model.roles import Roles

Guard = Callable[[Fleet], bool]


class Scope(StrEnum):
    """On which hosts a step runs, all of them at once."""

    FIRST = "the first host"
    OTHERS = "every other host"
    ALL = "every host"
    SERVICES = "the service hosts"
    SERVING = "the service hosts and the edges"
    MIGRATOR = "one service host"
    EDGES = "the edges"
    DECIDER = "the first edge"
    FOLLOWERS = "the other edges"
    DATA = "the hosts of the datastores"


HOSTS: Mapping[Scope, Callable[[Roles], tuple[str, ...]]] = {
    Scope.FIRST: lambda roles: roles.hosts[:1],
    Scope.OTHERS: lambda roles: roles.hosts[1:],
    Scope.ALL: lambda roles: roles.hosts,
    Scope.SERVICES: lambda roles: roles.services,
    Scope.SERVING: lambda roles: roles.serving,
    Scope.MIGRATOR: lambda roles: (roles.migrator,) if roles.migrator else (),
    Scope.EDGES: lambda roles: roles.edges,
    Scope.DECIDER: lambda roles: roles.edges[:1],
    Scope.FOLLOWERS: lambda roles: roles.edges[1:],
    Scope.DATA: lambda roles: roles.data,
}


@dataclass(frozen=True)
class Step:
    """One step: what, in the operator's words, where, and under which condition."""

    do: Do
    title: str
    on: Scope
    when: Guard
    part: int = 0

    def hosts(self, fleet: Fleet) -> tuple[str, ...]:
        """The hosts that this step runs on, in order."""
        return HOSTS[self.on](fleet.roles)

    def named(self, generations: Sequence[Sequence[str]]) -> str:
        """Give the title; where services start or stop in generations, with those that it is about."""
        return f"{self.title}: {', '.join(generations[self.part])}" if self.do in {Do.START, Do.STOP} else self.title

    def runs_on(self, host: str, fleet: Fleet) -> bool:
        """Whether this step is to run on a host, given what is known now."""
        return host in self.hosts(fleet) and self.when(fleet) and (self.do is not Do.FINISH or fleet.leased(host))


def start(fleet: Fleet) -> bool:
    """Nothing was tried yet."""
    return not fleet.interrupted


def forward(fleet: Fleet) -> bool:
    """Everything so far went well and nobody stopped the run."""
    return not fleet.failed and not fleet.interrupted


def planned(condition: Callable[[Plan], bool]) -> Guard:
    """Going forward, and the plan asks for it."""
    return lambda fleet: forward(fleet) and fleet.plan is not None and not fleet.plan.nothing and condition(fleet.plan)


def tokens_differ(fleet: Fleet) -> bool:
    """A host had seen a higher token than the first one: a lease is one token on every host."""
    return forward(fleet) and len(set(fleet.tokens.values())) > 1


def decided(fleet: Fleet) -> bool:
    """The first edge has confirmed: from here on there is no way back in this run."""
    return fleet.all_good(Do.CONFIRM, fleet.roles.edges[:1])


def undecidable(fleet: Fleet) -> bool:
    """The first edge was asked to confirm and did not answer: only the edges' timers can settle it now."""
    return any(outcome in {Outcome.UNKNOWN, Outcome.INTERRUPTED} for outcome in fleet.of(Do.CONFIRM))


def must_go_back(fleet: Fleet) -> bool:
    """An edge may have moved its traffic, and the run will not confirm."""
    moved = fleet.tried(Do.SHARE, Do.CUT_OVER)
    return moved and not decided(fleet) and not undecidable(fleet) and not fleet.fenced


def must_ask_why(fleet: Fleet) -> bool:
    """The new slot failed behind the edge: its programs may know why."""
    seen_to_fail = any(not outcome.good for do in (Do.VERIFY, Do.BAKE, Do.WATCH_SHARE) for outcome in fleet.of(do))
    return (
        seen_to_fail and not fleet.interrupted and not fleet.fenced and fleet.plan is not None and not fleet.plan.warm
    )


def must_stop_idle(fleet: Fleet) -> bool:
    """The idle slot was started in vain, and no edge can be using it."""
    if decided(fleet) or fleet.fenced or not fleet.tried(Do.START):
        return False
    moved = fleet.tried(Do.SHARE, Do.CUT_OVER)
    return not moved or fleet.all_good(Do.GO_BACK, fleet.roles.edges)


def grows_in_vain(fleet: Fleet) -> bool:
    """Instances were to be added, and something failed or the operator stopped the run."""
    return fleet.plan is not None and fleet.plan.grows and not forward(fleet) and not fleet.fenced


def must_unspread(fleet: Fleet) -> bool:
    """The traffic may be spread over instances that turned out bad."""
    return grows_in_vain(fleet) and fleet.tried(Do.SPREAD)


def must_stop_new(fleet: Fleet) -> bool:
    """New instances were started in vain, and no edge can be using them."""
    if not grows_in_vain(fleet) or not fleet.tried(Do.START):
        return False
    return not fleet.tried(Do.SPREAD) or fleet.all_good(Do.SPREAD, fleet.roles.edges, part=1)


def must_finish(fleet: Fleet) -> bool:
    """The lease was taken somewhere and is still this run's."""
    return not fleet.fenced


cold = planned(lambda plan: not plan.warm)
warm = planned(lambda plan: plan.warm)
always = planned(lambda _: True)
# Held traffic meets the hold page, not the release: startup verifies it when it lets requests in again.
let_in = planned(lambda plan: not plan.held)
canary = planned(lambda plan: plan.share > 0 and not plan.held)
baked = planned(lambda plan: plan.verb is not Verb.ROLLBACK and not plan.held)
grows = planned(lambda plan: plan.grows)
shrinks = planned(lambda plan: plan.shrinks)
watched = planned(lambda plan: plan.verb is not Verb.ROLLBACK and not plan.warm)
released = planned(lambda plan: bool(plan.release_id))

TAKE_THE_LEASE = (
    # One fixed order: who has the first host's lease is alone with the others; two runs can never hold half each.
    Step(Do.LEASE, "Take the lease", Scope.FIRST, start),
    Step(Do.LEASE, "Take the lease everywhere", Scope.OTHERS, forward),
    Step(Do.LEASE, "Agree on one token", Scope.ALL, tokens_differ, part=1),
    Step(Do.PLAN, "Plan from what is there", Scope.FIRST, forward),
)

DEPLOY = (
    *TAKE_THE_LEASE,
    Step(Do.SETTLE, "Settle what a dead run left", Scope.EDGES, planned(lambda plan: plan.settle)),
    Step(Do.STAGE, "Stage the release", Scope.SERVICES, cold),
    Step(Do.READY, "Ready the idle slot and the edges", Scope.SERVING, cold),
    Step(Do.READY, "Ready the edges", Scope.EDGES, warm, part=1),
    Step(Do.START, "Start the idle slot", Scope.SERVICES, cold),
    Step(Do.MIGRATE, "Migrate once", Scope.MIGRATOR, planned(lambda plan: plan.migrate)),
    Step(Do.SHARE, "Give the canary its share", Scope.EDGES, canary),
    Step(Do.WATCH_SHARE, "Watch the canary", Scope.EDGES, canary),
    # The decider first: when the others' timers are due, it has decided for certain.
    Step(Do.CUT_OVER, "Cut over, armed to revert", Scope.DECIDER, always),
    Step(Do.CUT_OVER, "Cut over the other edges", Scope.FOLLOWERS, always, part=1),
    Step(Do.VERIFY, "Verify through the edge", Scope.EDGES, let_in),
    Step(Do.BAKE, "Bake", Scope.EDGES, baked),
    # Errors at the edge tell of a crash loop only where there is enough traffic.
    Step(Do.STEADY, "See that nothing was started again", Scope.SERVICES, watched),
    Step(Do.CONFIRM, "Confirm", Scope.DECIDER, always),
    Step(Do.CONFIRM, "Confirm on the other edges", Scope.FOLLOWERS, decided, part=1),
    Step(Do.GO_BACK, "Go back", Scope.EDGES, must_go_back),
    Step(Do.STEADY, "Ask the new slot why", Scope.SERVICES, must_ask_why, part=1),
    Step(Do.STOP, "Stop the idle slot", Scope.SERVICES, must_stop_idle),
    Step(Do.DRAIN, "Drain the old slot, which stays warm", Scope.SERVICES, decided),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

STARTUP = (
    *TAKE_THE_LEASE,
    Step(Do.START_DATA, "Start the datastores", Scope.DATA, always),
    Step(Do.READY, "Ready the edges", Scope.EDGES, always),
    Step(Do.SETTLE, "Settle what a dead run left", Scope.EDGES, planned(lambda plan: plan.settle)),
    Step(Do.START, "Start the live slot", Scope.SERVICES, released),
    Step(Do.RESUME, "Resume traffic", Scope.EDGES, always),
    Step(Do.VERIFY, "Verify through the edge", Scope.EDGES, released),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

SHUTDOWN = (
    *TAKE_THE_LEASE,
    Step(Do.HOLD, "Hold traffic", Scope.EDGES, always),
    Step(Do.DRAIN, "Drain", Scope.SERVICES, always),
    Step(Do.STOP, "Stop the services in reverse order", Scope.SERVICES, always),
    Step(Do.STOP_DATA, "Stop the datastores", Scope.DATA, planned(lambda plan: plan.with_database)),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)


SCALE = (
    *TAKE_THE_LEASE,
    Step(Do.SETTLE, "Settle what a dead run left", Scope.EDGES, planned(lambda plan: plan.settle)),
    Step(Do.READY, "Ready the instances and the edges", Scope.SERVING, always),
    # All that are to have traffic: hosts may disagree about which of them run.
    Step(Do.START, "Start the instances", Scope.SERVICES, always),
    Step(Do.SPREAD, "Spread the traffic over the instances", Scope.SERVING, always),
    Step(Do.VERIFY, "Verify through the edge", Scope.EDGES, let_in),
    Step(Do.STEADY, "See that nothing was started again", Scope.SERVICES, grows),
    Step(Do.SPREAD, "Go back to the old instances", Scope.SERVING, must_unspread, part=1),
    Step(Do.DRAIN, "Drain the instances that go", Scope.SERVICES, shrinks),
    Step(Do.STOP, "Stop the instances that go", Scope.SERVICES, shrinks),
    Step(Do.STOP, "Stop the new instances", Scope.SERVICES, must_stop_new),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

HOLD = (
    *TAKE_THE_LEASE,
    Step(Do.HOLD, "Hold traffic", Scope.EDGES, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

RESUME = (
    *TAKE_THE_LEASE,
    Step(Do.RESUME, "Resume traffic", Scope.EDGES, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

DISK = (
    *TAKE_THE_LEASE,
    Step(Do.CLEAN, "Free the disk", Scope.ALL, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

LOGROTATE = (
    *TAKE_THE_LEASE,
    Step(Do.ROTATE, "Install log rotation", Scope.ALL, always),
    Step(Do.FINISH, "Record and release the lease", Scope.ALL, must_finish),
)

TABLES: Mapping[Verb, tuple[Step, ...]] = {
    Verb.DEPLOY: DEPLOY,
    Verb.ROLLBACK: DEPLOY,
    Verb.RESTART: DEPLOY,
    Verb.STARTUP: STARTUP,
    Verb.SHUTDOWN: SHUTDOWN,
    Verb.SCALE: SCALE,
    Verb.HOLD: HOLD,
    Verb.RESUME: RESUME,
    Verb.DISK: DISK,
    Verb.LOGROTATE: LOGROTATE,
}


def steps(table: tuple[Step, ...], *, generations: int) -> Iterator[Step]:
    """Expand a table: services start one generation after the other, by their needs, and stop the other way round."""
    for step in table:
        match step.do:
            case Do.START:
                for part in range(generations):
                    yield Step(step.do, step.title, step.on, step.when, part)
            case Do.STOP:
                for part in reversed(range(generations)):
                    yield Step(step.do, step.title, step.on, step.when, part)
            case _:
                yield step
