"""Under which condition a step of a failover of the database runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard import Guard, forward, planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from handrail.model.switch import Switch

# After these RDS may have begun to promote; after a refusal it has not.
MAYBE = frozenset({Outcome.OK, Outcome.UNCHANGED, Outcome.UNKNOWN, Outcome.INTERRUPTED})


def switching(condition: Callable[[Switch], bool]) -> Guard:
    """Going forward, and this failover asks for it."""
    return planned(lambda plan: plan.switch is not None and condition(plan.switch))


def no_way_back(fleet: Fleet) -> bool:
    """RDS was asked to promote, by this run or an earlier one, and did not say no."""
    asked = fleet.plan is not None and fleet.plan.switch is not None and fleet.plan.switch.asked
    return asked or not MAYBE.isdisjoint(fleet.of(Do.PROMOTE))


def must_return(fleet: Fleet) -> bool:
    """Traffic may be held for a failover that does not come."""
    if fleet.plan is None or fleet.plan.switch is None or forward(fleet) or fleet.fenced:
        return False
    return not no_way_back(fleet) and (fleet.tried(Do.HOLD) or fleet.plan.switch.again)


def must_revive(fleet: Fleet) -> bool:
    """The services may have been stopped for it."""
    return must_return(fleet) and (fleet.tried(Do.QUIET) or _again(fleet))


def must_let_in(fleet: Fleet) -> bool:
    """The services are up again, or were never stopped, and nobody else held the traffic."""
    if not must_return(fleet) or fleet.plan is None or fleet.plan.switch is None or fleet.plan.switch.held:
        return False
    return not must_revive(fleet) or fleet.all_good(Do.REVIVE, fleet.roles.services)


def _again(fleet: Fleet) -> bool:
    return fleet.plan is not None and fleet.plan.switch is not None and fleet.plan.switch.again


waits = switching(lambda switch: not switch.asked and not switch.lost)
unserved = switching(lambda switch: not switch.served)
lets_in = switching(lambda switch: not switch.held)
saved = planned(lambda plan: plan.snapshot and not plan.warm)
