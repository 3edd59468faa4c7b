"""How a run ended: the exit code, and what to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.ended import Verdict, cause, first_words
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard import decided, must_go_back, must_swap_back, undecidable
from handrail.model.intent import Verb
from handrail.model.verdict_hold import judge_hold
from handrail.model.verdict_promote import judge_promotion
from handrail.model.verdict_turns import judge_fenced, judge_turns
from handrail.model.version import version_of

if TYPE_CHECKING:
    from handrail.model.plan import Plan

MOVES = (Do.SHARE, Do.CUT_OVER)


def verdict(fleet: Fleet) -> Verdict:
    """Judge a finished run by what is known of each host."""
    held = fleet.hosts_with(Outcome.HELD)
    if held:
        return Verdict(4, "held", first_words(fleet, Outcome.HELD), tuple(held))
    if fleet.fenced:
        text = f"the lease was taken over: {first_words(fleet, Outcome.REFUSED)}"
        return judge_fenced(fleet, text, tuple(fleet.hosts_with(Outcome.REFUSED)))
    if fleet.plan is not None and fleet.plan.verb in {Verb.CERTIFICATE, Verb.RENEW}:
        return _certificate(fleet)
    if fleet.plan is not None and fleet.plan.verb in {Verb.UPDATE, Verb.BACK}:
        return judge_turns(fleet, fleet.plan)
    if fleet.plan is not None and fleet.plan.switch is not None:
        return judge_promotion(fleet, fleet.plan.switch)
    unclear = _unclear_edges(fleet)
    if fleet.plan is not None and not fleet.plan.verb.moves_release and not unclear:
        return _plain(fleet)
    if decided(fleet):
        return _after_the_decision(fleet)
    if unclear:
        named = ", ".join(unclear)
        return Verdict(
            5, "unknown", f"{cause(fleet)}; not known what {named} serves: its own timer goes back by itself", unclear
        )
    if fleet.failed or fleet.interrupted:
        moved = "every edge is back on the old release" if fleet.tried(*MOVES) else "nothing that is served has changed"
        return Verdict(
            1, "failed", f"{cause(fleet)}; {moved}", tuple(fleet.hosts_with(Outcome.FAILED, Outcome.UNKNOWN))
        )
    return _plain(fleet)


def _after_the_decision(fleet: Fleet) -> Verdict:
    followers = fleet.outcomes.get((Do.CONFIRM, 1), {})
    bad = tuple(host for host, outcome in followers.items() if not outcome.good)
    if bad:
        return Verdict(
            5,
            "unknown",
            f"confirmed, but not by {', '.join(bad)}: they ask the first edge when their timer is due",
            bad,
        )
    lost = tuple(host for host, outcome in fleet.outcomes.get((Do.FINISH, 0), {}).items() if not outcome.good)
    tail = f"; the record is missing on {', '.join(lost)}" if lost else ""
    held = "; traffic is held, fab startup lets it in" if fleet.plan and fleet.plan.held else ""
    return Verdict(0, "done", f"{fleet.plan.change if fleet.plan else 'done'}{held}{tail}", lost)


def _plain(fleet: Fleet) -> Verdict:
    if fleet.failed or fleet.interrupted:
        if apart := judge_hold(fleet):
            return apart
        return Verdict(1, "failed", cause(fleet), tuple(fleet.hosts_with(Outcome.FAILED, Outcome.UNKNOWN)))
    if fleet.plan is not None and fleet.plan.nothing:
        return Verdict(0, "unchanged", "nothing to do: it is as asked already")
    if fleet.plan is not None and fleet.plan.verb is Verb.REHEARSE:
        return Verdict(0, "done", _rehearsed(fleet, fleet.plan))
    return Verdict(0, "done", fleet.plan.change if fleet.plan else "done")


def _certificate(fleet: Fleet) -> Verdict:
    """Judge by what was swapped: where not every edge serves the new one, all are to serve the old one."""
    if not fleet.failed and not fleet.interrupted:
        return _plain(fleet)
    unclear = tuple(
        host
        for host in fleet.roles.edges
        if must_swap_back(fleet) and not all(fleet.all_good(do, [host], part=1) for do in (Do.SWAP, Do.PROVE))
    )
    if unclear:
        text = f"{cause(fleet)}; not known which certificate {', '.join(unclear)} serves: fab certificate.status"
        return Verdict(5, "unknown", text, unclear)
    stays = "every edge serves the old certificate again" if fleet.tried(Do.SWAP) else "the old certificate is served"
    return Verdict(1, "failed", f"{cause(fleet)}; {stays}", tuple(fleet.hosts_with(Outcome.FAILED, Outcome.UNKNOWN)))


def _rehearsed(fleet: Fleet, plan: Plan) -> str:
    tried = f"{version_of(plan.release_id)} was healthy on every host after {fleet.seconds_of(Do.START):.1f} s"
    return f"{tried}, in the idle slot {plan.slot}, and is stopped again; traffic stayed on {plan.live}"


def _unclear_edges(fleet: Fleet) -> tuple[str, ...]:
    if undecidable(fleet):
        return fleet.roles.edges
    if must_go_back(fleet):
        return tuple(host for host in fleet.roles.edges if not fleet.all_good(Do.GO_BACK, [host]))
    # What a dead run left on an edge stays there until it is settled or its timer is due.
    return tuple(host for host in fleet.roles.edges if fleet.tried(Do.SETTLE) and not fleet.all_good(Do.SETTLE, [host]))
