"""One host after the other: under which condition a step is for the host whose turn it is.

The invariant: at every moment at most one host is out of traffic, and every service of it runs on another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.guard import always

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handrail.model.host_state import HostState

Turn = Callable[[Fleet, str], bool]


def has_updates(fleet: Fleet, host: str) -> bool:
    """The host was asked, and there is something to update, or left to do of an update that failed."""
    return fleet.outcomes.get((Do.LOOK, 0), {}).get(host) is Outcome.OK


def out_of_traffic(states: Mapping[str, HostState], edges: Iterable[str]) -> frozenset[str]:
    """Name the hosts that an edge sends nothing to."""
    return frozenset(host for edge in edges if edge in states for host in states[edge].gate.out)


def was_out(fleet: Fleet, host: str) -> bool:
    """An earlier run has left it out of traffic."""
    return host in out_of_traffic(fleet.states, fleet.roles.edges)


def due(fleet: Fleet, host: str) -> bool:
    """There is something to update, or an earlier run has left the host out of traffic."""
    return has_updates(fleet, host) or was_out(fleet, host)


def any_due(fleet: Fleet) -> bool:
    """A host will be taken out of traffic, which the edges must know of."""
    return always(fleet) and any(due(fleet, host) and _can_be_spared(fleet, host) for host in fleet.roles.turns)


def changed_what_serves(fleet: Fleet) -> bool:
    """Hosts were changed while a release serves: it must serve at the end, too."""
    plan = fleet.plan
    serves = plan is not None and not plan.held and bool(plan.release_id)
    return always(fleet) and serves and any(touched(fleet, host) for host in fleet.roles.turns)


def spared(fleet: Fleet, host: str) -> bool:
    """It is due, it has traffic, and others can have it."""
    return due(fleet, host) and _can_be_spared(fleet, host)


def taken_out(fleet: Fleet, host: str) -> bool:
    """No edge sends anything to it any more."""
    return due(fleet, host) and fleet.all_good(Do.TAKE_OUT, fleet.roles.edges, part=_part(fleet, host))


def updated(fleet: Fleet, host: str) -> bool:
    """It is to get its updates now."""
    return due(fleet, host) and has_updates(fleet, host)


def reboots(fleet: Fleet, host: str) -> bool:
    """It may reboot: that was asked for, and its updates are there."""
    return fleet.plan is not None and fleet.plan.reboot and tried(fleet, Do.UPGRADE, host)


def must_check(fleet: Fleet, host: str) -> bool:
    """Something was done to it, well or badly; or it is out of traffic, though nothing can be done to it now."""
    return touched(fleet, host) or (always(fleet) and was_out(fleet, host))


def must_put_in(fleet: Fleet, host: str) -> bool:
    """It was taken out, in this run or an earlier one, and it is known to be well."""
    return went_out(fleet, host) and is_well(fleet, host)


def is_well(fleet: Fleet, host: str) -> bool:
    """It was seen to be well after what was done to it."""
    return fleet.all_good(Do.CHECK, [host], part=_part(fleet, host))


def tried(fleet: Fleet, do: Do, host: str) -> bool:
    """Whether a step was tried in the turn of a host."""
    return bool(fleet.outcomes.get((do, _part(fleet, host))))


def touched(fleet: Fleet, host: str) -> bool:
    """Whether anything was tried that changes it, or what it gets."""
    return any(tried(fleet, do, host) for do in (Do.TAKE_OUT, Do.UPGRADE, Do.CHECK, Do.PUT_IN))


def went_out(fleet: Fleet, host: str) -> bool:
    """Whether it may be out of traffic, unless it was put back."""
    return tried(fleet, Do.TAKE_OUT, host) or was_out(fleet, host)


def in_traffic(fleet: Fleet, host: str) -> bool:
    """Whether every edge is known to send it what it did before."""
    return fleet.all_good(Do.PUT_IN, fleet.roles.edges, part=_part(fleet, host)) or not went_out(fleet, host)


def _can_be_spared(fleet: Fleet, host: str) -> bool:
    held = fleet.plan is not None and fleet.plan.held
    return not held and fleet.roles.stand_in(host)


def _part(fleet: Fleet, host: str) -> int:
    return fleet.roles.turns.index(host)
