"""How a run ended that held traffic or let it in, where the edges may not agree on it."""

from __future__ import annotations

from handrail.model.ended import Verdict, cause
from handrail.model.fleet import Do, Fleet, Outcome

NOT_KNOWN = {Outcome.UNKNOWN, Outcome.INTERRUPTED}


def judge_hold(fleet: Fleet) -> Verdict | None:
    """Say what each edge does, where some do what was asked and others may not; None where they agree."""
    for do, done in ((Do.HOLD, "traffic is held"), (Do.RESUME, "traffic is let in")):
        told: dict[str, Outcome] = {}
        for (what, _), outcomes in fleet.outcomes.items():
            told |= outcomes if what is do else {}
        good = tuple(host for host, outcome in told.items() if outcome.good)
        unclear = tuple(host for host, outcome in told.items() if outcome in NOT_KNOWN)
        others = tuple(host for host in fleet.roles.edges if host not in {*good, *unclear})
        if unclear or (good and others):
            ways = ((f"{done} on", good), ("not known on", unclear), ("as before on", others))
            named = ", ".join(f"{way} {', '.join(hosts)}" for way, hosts in ways if hosts)
            return Verdict(5, "unknown", f"{cause(fleet)}; {named}: the same command again", (*unclear, *others))
    return None
