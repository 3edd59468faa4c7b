"""Under which condition a step runs: questions to what is known of the fleet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.intent import Verb

if TYPE_CHECKING:
    from handrail.model.plan import Plan

Guard = Callable[[Fleet], bool]


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
    """The new slot failed behind the edge, or a service failed that needs others: their programs may know why."""
    seen_to_fail = any(
        not outcome.good
        for (do, part), by_host in fleet.outcomes.items()
        if do in {Do.VERIFY, Do.BAKE, Do.WATCH_SHARE} or (do is Do.START and part > 0)
        for outcome in by_host.values()
    )
    return (
        seen_to_fail and not fleet.interrupted and not fleet.fenced and fleet.plan is not None and not fleet.plan.warm
    )


def must_stop_idle(fleet: Fleet) -> bool:
    """The idle slot was started in vain or for a rehearsal, and no edge can be using it."""
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


def must_end_dump(fleet: Fleet) -> bool:
    """A dump was begun and nobody heard how it ended: it may still be written."""
    unheard = {Outcome.UNKNOWN, Outcome.INTERRUPTED}
    return not unheard.isdisjoint(fleet.outcomes.get((Do.BACK_UP, 0), {}).values()) and not fleet.fenced


def must_swap_back(fleet: Fleet) -> bool:
    """An edge may serve the new certificate, and not every edge is known to, for every name."""
    return fleet.tried(Do.SWAP) and not forward(fleet) and not fleet.fenced


def must_finish(fleet: Fleet) -> bool:
    """The lease was taken somewhere and is still this run's."""
    return not fleet.fenced


cold = planned(lambda plan: not plan.warm)
warm = planned(lambda plan: plan.warm)
always = planned(lambda _: True)
backed_up = planned(lambda plan: plan.backup and not plan.warm)
# Held traffic meets the hold page, not the release: startup verifies it when it lets requests in again.
let_in = planned(lambda plan: not plan.held)
canary = planned(lambda plan: plan.share > 0 and not plan.held)
baked = planned(lambda plan: plan.verb is not Verb.ROLLBACK and not plan.held)
grows = planned(lambda plan: plan.grows)
shrinks = planned(lambda plan: plan.shrinks)
watched = planned(lambda plan: plan.verb is not Verb.ROLLBACK and not plan.warm)
released = planned(lambda plan: bool(plan.release_id))
opens = planned(lambda plan: not plan.keep_page)
opened = planned(lambda plan: bool(plan.release_id) and not plan.keep_page)
