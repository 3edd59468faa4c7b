"""What one host says of itself: slots, units, health, gate files, lease."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.databases import Databases, Promotion


@dataclass(frozen=True)
class LeaseState:
    """Who holds the lease of this host; `seconds_left` below zero means that it has expired."""

    token: int
    seconds_left: float
    run_id: str
    holder: str


@dataclass(frozen=True)
class Pending:
    """A cutover that nobody has confirmed yet."""

    slot: Slot
    token: int
    seconds_left: float


@dataclass(frozen=True)
class Gate:
    """Where this edge sends the traffic, and since which run; hosts that are `out` get none.

    An edge that nobody has ever told has no `record_token`; 0 is that of whoever told it by hand.
    """

    confirmed: Slot = Slot.BLUE
    record_token: int | None = None
    pending: tuple[Pending, ...] = ()
    shares: tuple[tuple[Slot, int], ...] = ()
    maintenance: bool = False
    out: tuple[str, ...] = ()

    @property
    def slot(self) -> Slot:
        """The slot that gets the traffic now; the order of the tests is that of the edge's configuration."""
        pending = {entry.slot for entry in self.pending}
        if Slot.BLUE in pending:
            return Slot.BLUE
        return Slot.GREEN if Slot.GREEN in pending else self.confirmed

    @property
    def settled(self) -> bool:
        """Whether nothing of an unfinished run is left."""
        return not self.pending and not self.shares


# How the states of runtimes begin in which something does not run and yet is not down: it waits for its next start, it
# has begun to stop, or it is frozen. systemd(1), ActiveState; Docker's State.Status; PM2's status.
UNDER_WAY = ("activating", "deactivating", "reloading", "restarting", "paused", "launching", "waiting", "stopping")


@dataclass(frozen=True)
class UnitState:
    """One service in one slot, as its runtime tells."""

    running: bool = False
    state: str = "unknown"
    restarts: int = 0
    enabled: bool = False

    @property
    def down(self) -> bool:
        """Whether it does not run, and is not about to by itself."""
        return not self.running and not self.state.startswith(UNDER_WAY)


@dataclass(frozen=True)
class Probe:
    """One answer of a health check; `status` 0 means that nobody answered."""

    status: int
    seconds: float


@dataclass(frozen=True)
class HostState:
    """Everything that a run must know of a host, read in one round trip."""

    fence: int = 0
    lease: LeaseState | None = None
    slots: Mapping[Slot, str] = field(default_factory=dict)
    units: Mapping[tuple[str, Slot, int], UnitState] = field(default_factory=dict)
    health: Mapping[tuple[str, Slot, int], Probe] = field(default_factory=dict)
    healthy: frozenset[tuple[str, Slot]] = frozenset()
    instances: Mapping[str, int] = field(default_factory=dict)
    datastores: Mapping[str, UnitState] = field(default_factory=dict)
    # The edge's nginx; None on a host that is no edge.
    edge: UnitState | None = None
    gate: Gate = Gate()
    good: tuple[str, ...] = ()
    staged: Mapping[str, str] = field(default_factory=dict)
    free_kilobytes: int = 0
    missing_tools: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    # On AWS: what a failover must know, read for that verb alone, and one that was cut off.
    databases: Databases | None = None
    promotion: Promotion | None = None

    def serves(self, slot: Slot, services: frozenset[str]) -> bool:
        """Whether all of these services are running and healthy in a slot."""
        return all((name, slot) in self.healthy for name in services)
