"""How a failover of the database ended: on which side of the point of no return, and what is to be typed next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.ended import Verdict, cause
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard_database import must_let_in, must_return, must_revive, no_way_back

if TYPE_CHECKING:
    from handrail.model.switch import Switch

GO_ON = "fab database.promote goes on where this ended"


def judge_promotion(fleet: Fleet, switch: Switch) -> Verdict:
    """Judge by what RDS was asked, and by what was brought back."""
    if not fleet.failed and not fleet.interrupted:
        return Verdict(0, "done", _done(switch))
    hosts = tuple(fleet.hosts_with(Outcome.FAILED, Outcome.UNKNOWN))
    if no_way_back(fleet):
        return Verdict(5, "unknown", f"{cause(fleet)}; {_after(fleet, switch)}; next: {GO_ON}", hosts)
    if must_return(fleet) and not _back(fleet, switch):
        text = f"{cause(fleet)}; nothing was promoted, but the services on {switch.old} are not back: traffic is held"
        return Verdict(5, "unknown", f"{text}; next: fab startup brings them back and lets it in", hosts)
    return Verdict(1, "failed", f"{cause(fleet)}; nothing was promoted: {_as_before(fleet, switch)}", hosts)


def _done(switch: Switch) -> str:
    lost = f" {switch.loss}." if switch.loss else ""
    held = " Traffic is held as before: fab maintenance-page off lets it in." if switch.held else ""
    return (
        f"{switch.new} is the database now; no task is told of {switch.old} any more.{lost}{held}"
        f" LEFT TO YOU: nobody may write to {switch.old} again: it is no copy, and it was left alone;"
        f" and there is no replica until the YAML, Terraform and you have made one: docs/how-to/fail-over.md"
    )


def _after(fleet: Fleet, switch: Switch) -> str:
    """Say in which state it was left after the point of no return."""
    if fleet.all_good(Do.REPOINT, fleet.roles.edges) or switch.served:
        told = f"{switch.new} is promoted, and services are told of it"
    elif fleet.all_good(Do.AWAIT, fleet.roles.edges):
        told = f"{switch.new} is promoted, and services are not told of it yet"
    else:
        told = f"RDS was asked to promote {switch.new}, and there is no way back to {switch.old}"
    open_ = fleet.all_good(Do.RESUME, fleet.roles.edges)
    return f"{told}; {'traffic is let in' if open_ or (switch.served and not switch.held) else 'traffic is held'}"


def _back(fleet: Fleet, switch: Switch) -> bool:
    revived = not must_revive(fleet) or fleet.all_good(Do.REVIVE, fleet.roles.services)
    return revived and (switch.held or (must_let_in(fleet) and fleet.all_good(Do.RESUME, fleet.roles.edges, part=1)))


def _as_before(fleet: Fleet, switch: Switch) -> str:
    if not must_return(fleet):
        return "nothing that is served has changed"
    return f"{switch.old} serves as before{', and traffic is held as before' if switch.held else ''}"
