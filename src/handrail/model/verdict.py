"""How a run ended: the exit code, and what to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard import decided, must_go_back, must_swap_back, undecidable
from handrail.model.intent import Verb
from handrail.model.turn import has_updates, in_traffic, is_well, must_check
from handrail.model.version import version_of

if TYPE_CHECKING:
    from handrail.model.plan import Plan

MOVES = (Do.SHARE, Do.CUT_OVER)


@dataclass(frozen=True)
class Verdict:
    """`word` goes into the record, `text` to the operator."""

    exit_code: int
    word: str
    text: str
    hosts: tuple[str, ...] = ()


def verdict(fleet: Fleet) -> Verdict:
    """Judge a finished run by what is known of each host."""
    held = fleet.hosts_with(Outcome.HELD)
    if held:
        return Verdict(4, "held", _first_words(fleet, Outcome.HELD), tuple(held))
    if fleet.fenced:
        return Verdict(
            4, "fenced", f"the lease was taken over: {_first_words(fleet, Outcome.REFUSED)}", _refused(fleet)
        )
    if fleet.plan is not None and fleet.plan.verb in {Verb.CERTIFICATE, Verb.RENEW}:
        return _certificate(fleet)
    if fleet.plan is not None and fleet.plan.verb is Verb.UPDATE:
        return _updates(fleet, fleet.plan)
    unclear = _unclear_edges(fleet)
    if fleet.plan is not None and not fleet.plan.verb.moves_release and not unclear:
        return _plain(fleet)
    if decided(fleet):
        return _after_the_decision(fleet)
    if unclear:
        named = ", ".join(unclear)
        return Verdict(
            5, "unknown", f"{_cause(fleet)}; not known what {named} serves: its own timer goes back by itself", unclear
        )
    if fleet.failed or fleet.interrupted:
        moved = "every edge is back on the old release" if fleet.tried(*MOVES) else "nothing that is served has changed"
        return Verdict(
            1, "failed", f"{_cause(fleet)}; {moved}", tuple(fleet.hosts_with(Outcome.FAILED, Outcome.UNKNOWN))
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
        return Verdict(1, "failed", _cause(fleet), tuple(fleet.hosts_with(Outcome.FAILED, Outcome.UNKNOWN)))
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
        text = f"{_cause(fleet)}; not known which certificate {', '.join(unclear)} serves: fab certificate.status"
        return Verdict(5, "unknown", text, unclear)
    stays = "every edge serves the old certificate again" if fleet.tried(Do.SWAP) else "the old certificate is served"
    return Verdict(1, "failed", f"{_cause(fleet)}; {stays}", tuple(fleet.hosts_with(Outcome.FAILED, Outcome.UNKNOWN)))


def _updates(fleet: Fleet, plan: Plan) -> Verdict:
    """Judge what one host after the other went through: who is done, who failed, who was not touched."""
    touched = [host for host in fleet.roles.turns if must_check(fleet, host)]
    if not fleet.failed and not fleet.interrupted:
        left = f"; nothing to do on {', '.join(rest)}" if (rest := _without(fleet, touched)) else ""
        done = Verdict(0, "done", f"{plan.change}: {', '.join(touched)}{left}")
        return done if touched else Verdict(0, "unchanged", f"{plan.change}: nothing to do")
    good = [host for host in touched if is_well(fleet, host) and in_traffic(fleet, host) and not _ill(fleet, host)]
    words = [_cause(fleet), *(_standing(fleet, host) for host in touched if host not in good)]
    words.append(f"done: {', '.join(good) or 'none'}")
    if rest := [host for host in _without(fleet, touched) if has_updates(fleet, host)]:
        words.append(f"not begun: {', '.join(rest)}")
    if touched:
        words.append("packages are not downgraded; `fab updates.apply` goes on from there")
    else:
        words.append("nothing was touched")
    left_out = tuple(host for host in touched if not in_traffic(fleet, host) or not is_well(fleet, host))
    return Verdict(5 if left_out else 1, "unknown" if left_out else "failed", "; ".join(words), left_out)


def _without(fleet: Fleet, touched: list[str]) -> list[str]:
    return [host for host in fleet.roles.turns if host not in touched]


def _ill(fleet: Fleet, host: str) -> bool:
    """Whether anything in the turn of a host went wrong."""
    part = fleet.roles.turns.index(host)
    mine = (Do.TAKE_OUT, Do.DRAIN, Do.UPGRADE, Do.REBOOT, Do.CHECK, Do.PUT_IN)
    return any(not outcome.good for do in mine for outcome in fleet.outcomes.get((do, part), {}).values())


def _standing(fleet: Fleet, host: str) -> str:
    """Say how a host was left."""
    match is_well(fleet, host), in_traffic(fleet, host):
        case True, True:
            return f"{host} is well and has its traffic"
        case True, False:
            return f"{host} is well, and it is not known whether every edge sends it traffic: fab status"
        case False, True:
            return f"{host} is not known to be well, and nothing stands in for it: fab health"
        case _:
            return f"{host} stays out of traffic; once it is well, `fab updates.apply --limit {host}` puts it back"


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


def _refused(fleet: Fleet) -> tuple[str, ...]:
    return tuple(fleet.hosts_with(Outcome.REFUSED))


def _first_words(fleet: Fleet, wanted: Outcome) -> str:
    for (do, part), by_host in fleet.outcomes.items():
        for host, outcome in by_host.items():
            if outcome is wanted:
                return f"{host}: {fleet.words.get((do, part, host), '')}"
    return ""


def _why(fleet: Fleet) -> str:
    """What the programs of the new slot said when they were asked after the failure."""
    asked = fleet.outcomes.get((Do.STEADY, 1), {})
    told = [fleet.words.get((Do.STEADY, 1, host), "") for host, outcome in asked.items() if outcome is Outcome.FAILED]
    return f"; {told[0]}" if told else ""


def _cause(fleet: Fleet) -> str:
    """The first thing that went wrong, in the order of the steps."""
    for (do, part), by_host in fleet.outcomes.items():
        for host, outcome in by_host.items():
            if outcome in {Outcome.FAILED, Outcome.UNKNOWN}:
                return f"{do} failed on {host}: {fleet.words.get((do, part, host), '') or outcome}{_why(fleet)}"
    return "stopped by the operator" if fleet.interrupted else "failed"
