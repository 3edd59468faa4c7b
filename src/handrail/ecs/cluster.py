"""One environment on ECS, with all that is asked about it; and what it looks like to the rest of handrail: one host."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from handrail.ecs.certificates import Certificates
from handrail.ecs.definitions import Definitions
from handrail.ecs.handshake import Handshake
from handrail.ecs.instances import Instances
from handrail.ecs.ledger import Kept, Ledger
from handrail.ecs.listener import Listener, Seen
from handrail.ecs.place import Place, place_of
from handrail.ecs.revert import Pending as Armed
from handrail.ecs.revert import Revert
from handrail.ecs.slots import Counts, Slots
from handrail.infra.ask import answers
from handrail.model.aws_variables import aws_of
from handrail.model.databases import Databases
from handrail.model.host_state import Gate, HostState, Pending, Probe, UnitState
from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.ecs.clients import Clients
    from handrail.model.environment import Environment

# Of a service that is described, and that Terraform has not made yet.
NONE = Counts(0, 0, "")
RIGHTS = "the rights to rds:DescribeDBInstances and cloudwatch:GetMetricData"


@dataclass
class Cluster:
    """The parts, each made when it is first needed."""

    environment: Environment
    clients: Clients
    # What the last look counted, by SERVICE-SLOT.
    counted: Mapping[str, Counts] = field(default_factory=dict)

    @cached_property
    def place(self) -> Place:
        """Where everything is."""
        aws, name = self.clients.aws, self.environment.system.name
        key = f"{name}/{self.environment.name}.tfstate"
        return place_of(aws, f"{name}-{self.environment.name}", key, self.clients)

    @property
    def told(self) -> Environment:
        """The environment with the addresses that AWS has given its datastores; a failover gives another one."""
        groups, known = dict(self.environment.groups), {**self.place.datastores}
        known["postgresql"] = self.ledger.read().address or known["postgresql"]
        for store in self.environment.system.datastores.values():
            address = known.get(store.kind)
            if store.runtime == "aws" and address:
                groups[store.hosts] = tuple(replace(host, address=address) for host in groups[store.hosts])
        return replace(self.environment, groups=groups)

    @cached_property
    def ledger(self) -> Ledger:
        """Lease, slots and records."""
        return Ledger(self.clients.table, self.place.table)

    @cached_property
    def listener(self) -> Listener:
        """The traffic."""
        return Listener(self.clients.balancer, self.place)

    @cached_property
    def revert(self) -> Revert:
        """The way back."""
        return Revert(self.clients.schedules, self.place)

    @cached_property
    def slots(self) -> Slots:
        """Blue and green."""
        return Slots(self.clients, self.place)

    @cached_property
    def definitions(self) -> Definitions:
        """Task definitions."""
        return Definitions(self.clients, self.place)

    @cached_property
    def certificates(self) -> Certificates:
        """Those of ACM and of the listener."""
        return Certificates(self.clients, self.place, self.environment)

    def handshake(self, port: int) -> Handshake:
        """Ask the load balancer as a client would begin to."""
        return Handshake(self.place.address, port)

    @cached_property
    def instances(self) -> Instances:
        """The databases."""
        return Instances(self.clients.databases, self.clients.metrics)

    def databases(self, kept: Kept | None = None) -> Databases:
        """Read what a failover must know: two questions more than a look, and the ledger unless it was read."""
        kept, database = kept or self.ledger.read(), aws_of(self.environment).database
        with answers("to show databases", next_step=RIGHTS):
            there = {each.identifier: each for each in self.instances.read(self.place.identifiers)}
        found = Databases(
            now=kept.database or next(iter(self.place.identifiers), ""),
            address=kept.address or self.place.datastores["postgresql"], instances=there, slots=kept.databases,
            allowed_seconds=database.promote.lag.total_seconds() if database else 0.0,
        )  # fmt: skip
        with answers("to show ReplicaLag", next_step=RIGHTS):
            lag = self.instances.lag(found.copy.identifier, now=kept.now) if found.copy else None
        return replace(found, lag=lag)

    def look(self, *, exact: bool, databases: bool = False) -> HostState:
        """Read everything that a run must know.

        ECS calls a service steady once the load balancer finds its tasks healthy: one question tells that of ten.
        A run asks the load balancer itself (`exact`), once for each service in each slot that has tasks. A slot whose
        tasks were told of another database than there is now is not well, whatever they say.
        """
        kept, seen, armed, counts = self.ledger.read(), self.listener.read(), self.revert.armed(), self.slots.counts()
        self.counted, names = counts, sorted(self.environment.system.services)
        gate = _gate(seen, armed, kept)
        instances = {name: counts.get(f"{name}-{gate.slot}", NONE).wanted or kept.counts.get(name, 0) for name in names}
        well = {
            (name, slot): kept.databases.get(slot, kept.database) == kept.database
            and self._well(name, slot, counts[f"{name}-{slot}"], least=instances[name] if exact else None)
            for name in names for slot in Slot if f"{name}-{slot}" in counts
        }  # fmt: skip
        return HostState(
            fence=kept.fence,
            lease=kept.lease,
            slots={slot: _release(kept, slot, counts, names) for slot in Slot},
            units={(name, slot, 1): _unit(counts[f"{name}-{slot}"]) for name, slot in well},
            health={
                (name, slot, 1): Probe(self.environment.system.services[name].health.status if good else 0, 0.0)
                for (name, slot), good in well.items()
                if counts[f"{name}-{slot}"].running
            },
            healthy=frozenset(place for place, good in well.items() if good),
            instances={name: told for name, told in instances.items() if told},
            promotion=kept.promotion,
            databases=self.databases(kept) if databases else None,
            gate=gate,
            good=kept.good,
            staged=kept.digests or {},
        )

    def _well(self, name: str, slot: Slot, counts: Counts, *, least: int | None) -> bool:
        if not counts.wanted or not counts.running:
            return False
        if least is not None:
            # Also in a slot that waits: with fewer tasks than the live one it could not take the traffic.
            return self.slots.healthy(name, slot, counts) >= max(counts.wanted, least)
        return counts.running >= counts.wanted and counts.state == "completed"


def _unit(counts: Counts) -> UnitState:
    return UnitState(
        running=counts.running > 0, state=f"{counts.running} of {counts.wanted} tasks", enabled=counts.wanted > 0
    )


def _release(kept: Kept, slot: Slot, counts: Mapping[str, Counts], names: Sequence[str]) -> str:
    """Name what a slot has; nothing where somebody has brought another definition by hand."""
    tasks = (kept.tasks or {}).get(slot, {})
    there = {name: counts[f"{name}-{slot}"] for name in names if f"{name}-{slot}" in counts}
    ours = all(each.definition == tasks.get(name) for name, each in there.items() if each.wanted)
    return (kept.releases or {}).get(slot, "") if ours else ""


def _gate(seen: Seen, armed: Sequence[Armed], kept: Kept) -> Gate:
    """Tell where the traffic goes, and where it would go if nobody confirmed."""
    now, hold = kept.now, bool(seen.hold)
    back_to = armed[0].slot if armed else None
    slot = seen.slot
    if slot is None:
        confirmed = back_to or max(Slot, key=seen.share)
        shares = ((confirmed.other, seen.share(confirmed.other)),)
        return Gate(confirmed=confirmed, record_token=kept.fence or None, shares=shares, maintenance=hold)
    pending = tuple(Pending(slot, each.token, each.at.timestamp() - now) for each in armed)
    return Gate(confirmed=back_to or slot, record_token=kept.fence or None, pending=pending, maintenance=hold)
