"""How a run ended that went from host to host: who is done, who failed, who is out of traffic, who was not begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.ended import Verdict, cause
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.intent import Verb
from handrail.model.turn import has_updates, in_traffic, is_well, touched

if TYPE_CHECKING:
    from handrail.model.plan import Plan

OF_A_TURN = (Do.TAKE_OUT, Do.DRAIN, Do.UPGRADE, Do.REBOOT, Do.CHECK, Do.PUT_IN)


def judge_turns(fleet: Fleet, plan: Plan) -> Verdict:
    """Judge by how each host was left."""
    if fleet.failed or fleet.interrupted:
        return _failed(fleet, plan)
    if plan.nothing:
        return Verdict(0, "unchanged", f"{plan.limit} is not out of traffic: nothing to do")
    mine = [host for host in fleet.roles.turns if touched(fleet, host)]
    if plan.verb is Verb.BACK:
        return Verdict(0, "done", f"{plan.limit} is well, and back in traffic")
    if not mine:
        return Verdict(0, "unchanged", f"{plan.change}: nothing to do")
    left = f"; nothing to do on {', '.join(rest)}" if (rest := _without(fleet, mine)) else ""
    return Verdict(0, "done", f"{plan.change}: {', '.join(mine)}{left}")


def judge_fenced(fleet: Fleet, text: str, refused: tuple[str, ...]) -> Verdict:
    """Judge a run whose lease was taken over: nobody puts a host back any more that is out of traffic."""
    plan = fleet.plan
    by_turns = plan is not None and plan.verb in {Verb.UPDATE, Verb.BACK}
    out = tuple(host for host in fleet.roles.turns if by_turns and not in_traffic(fleet, host))
    if plan is None or not out:
        return Verdict(4, "fenced", text, refused)
    return Verdict(5, "fenced", "; ".join([text, *(_standing(fleet, plan, host) for host in out)]), out)


def _failed(fleet: Fleet, plan: Plan) -> Verdict:
    mine = [host for host in fleet.roles.turns if touched(fleet, host)]
    good = [host for host in mine if is_well(fleet, host) and in_traffic(fleet, host) and not _ill(fleet, host)]
    out = tuple(host for host in fleet.roles.turns if not in_traffic(fleet, host))
    shown = [host for host in fleet.roles.turns if (host in mine and host not in good) or host in out]
    words = [cause(fleet), *(_standing(fleet, plan, host) for host in shown)]
    if plan.verb is Verb.UPDATE:
        words += _progress(fleet, mine, good)
    left = tuple(host for host in shown if host in out or not is_well(fleet, host))
    if mine:
        left += tuple(host for host in _seen_ill(fleet) if host not in left)
    return Verdict(5 if left else 1, "unknown" if left else "failed", "; ".join(words), left)


def _progress(fleet: Fleet, mine: list[str], good: list[str]) -> list[str]:
    words = [f"done: {', '.join(good) or 'none'}"]
    if rest := [host for host in _without(fleet, mine) if has_updates(fleet, host)]:
        words.append(f"not begun: {', '.join(rest)}")
    tail = "packages are not downgraded; `fab updates.apply` goes on from there" if mine else "nothing was touched"
    return [*words, tail]


def _without(fleet: Fleet, mine: list[str]) -> list[str]:
    return [host for host in fleet.roles.turns if host not in mine]


def _ill(fleet: Fleet, host: str) -> bool:
    """Whether anything in the turn of a host went wrong."""
    part = fleet.roles.turns.index(host)
    return any(not outcome.good for do in OF_A_TURN for outcome in fleet.outcomes.get((do, part), {}).values())


def _seen_ill(fleet: Fleet) -> list[str]:
    """Name the hosts that were not well when they were asked beside the turn of their own."""
    looks = (Do.STAND_IN, Do.ALL_WELL, Do.VERIFY)
    bad = {Outcome.FAILED, Outcome.UNKNOWN}
    by_hosts = [found for (do, _), found in fleet.outcomes.items() if do in looks]
    return [host for host in fleet.roles.hosts if any(found.get(host) in bad for found in by_hosts)]


def _standing(fleet: Fleet, plan: Plan, host: str) -> str:
    """Say how a host was left."""
    match is_well(fleet, host), in_traffic(fleet, host):
        case True, True:
            return f"{host} is well and has its traffic"
        case True, False:
            return f"{host} is well, and it is not known whether every edge sends it traffic: `fab updates.back {host}`"
        case False, True:
            why = "traffic is held" if plan.held else "nothing stands in for it"
            return f"{host} is not known to be well, and {why}: fab health"
        case _:
            return f"{host} stays out of traffic; once it is well, `fab updates.back {host}` puts it back"
