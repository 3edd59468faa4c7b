"""Fail over to the replica: each step looks first, so that a second run goes on where the first one ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from handrail.ecs.address import Record, Vault
from handrail.ecs.reply import failed, nothing, ok, refused
from handrail.model.databases import AVAILABLE, Promotion
from handrail.model.disk import age
from handrail.model.slot import Slot
from handrail.model.version import version_of
from handrail.orchestration.cloud.slots import stage, started
from handrail.orchestration.cloud.snapshot import described

if TYPE_CHECKING:
    from handrail.hosts.script import Reply
    from handrail.model.databases import Instance
    from handrail.model.switch import Switch
    from handrail.orchestration.cloud.at import At

# Route 53 spreads a change within a minute.
SPREAD_SECONDS = 300
# Fargate kills after two minutes at the most; deregistering takes its time, too.
STOP_SECONDS = 300
LOOK_SECONDS = 0.5


def switch_of(at: At) -> Switch:
    """Give the failover that is planned."""
    if at.run.plan.switch is None:
        raise RuntimeError("a failover that was not planned")
    return at.run.plan.switch


def prepare(at: At) -> Reply:
    """See that images, secret and record are there, before anything is held."""
    switch, staged = switch_of(at), stage(at)
    vault, new = _vault(at), at.cluster.instances.one(switch.new)
    if new is None:
        return failed(f"RDS has no {switch.new}")
    if vault is not None and not (vault.holds(switch.address) or vault.holds(new.address)):
        return failed(f"the secret {described(at).address_in} holds no address of {switch.old}: {switch.address}")
    return staged


def mark(at: At, *, asked: bool) -> bool:
    """Note in the ledger what a second run must know; tells whether the lease is still ours."""
    switch = switch_of(at)
    begun = Promotion(switch.new, switch.old, switch.address, switch.held, asked, dict(switch.counts))
    return at.cluster.ledger.promotes(at.run.fleet.token, begun)


def quiet(at: At) -> Reply:
    """Stop every task in both slots, and wait until none runs: nothing writes to the old database any more."""
    time.sleep(at.run.environment.system.times.drain.total_seconds())
    for generation in reversed(at.run.environment.system.start_order()):
        for name in generation:
            for slot in Slot:
                at.cluster.slots.size(name, slot, 0)
    began = time.monotonic()
    while left := at.cluster.slots.alive():
        if time.monotonic() - began >= STOP_SECONDS:
            return failed(f"tasks still run after {STOP_SECONDS} s: {', '.join(left)}")
        time.sleep(LOOK_SECONDS)
    at.run.quiet_at = at.cluster.ledger.read().now
    return ok("no task runs")


def catch_up(at: At) -> Reply:
    """Wait until the replica has what was written until everything was quiet.

    RDS measures its lag from the newest transaction, and an idle database has none: the replica has everything once
    what it has is newer than the last task.
    """
    seconds, quiet_at = described(at).promote.catch_up.total_seconds(), at.run.quiet_at
    name = switch_of(at).new

    def look() -> float | None:
        lag = at.cluster.instances.lag(name, now=at.cluster.ledger.read().now, since=quiet_at)
        return lag.until if lag else None

    until = at.cluster.instances.wait(look, lambda seen: seen >= quiet_at, seconds=seconds)
    if until is None:
        return failed(f"CloudWatch told no ReplicaLag of {name} for {seconds:.0f} s")
    if until < quiet_at:
        return failed(f"after {seconds:.0f} s {name} still lacks the last {quiet_at - until:.0f} s of what was written")
    return ok(f"{name} has everything")


def promote(at: At) -> Reply:
    """Ask RDS to promote; that this is about to be done is noted before."""
    name, database = switch_of(at).new, described(at)
    there = at.cluster.instances.until(name, _ready, seconds=database.promote.deadline.total_seconds())
    if there is None or not _ready(there):
        return failed(f"{name} is {there.status if there else 'gone'}, and not {AVAILABLE}")
    if not there.source:
        return nothing(f"{name} is a database of its own already")
    if not mark(at, asked=True):
        return refused()
    wrong = at.cluster.instances.promote(name, days=age(database.keep).days, window=database.backup)
    return failed(wrong) if wrong else ok(f"RDS promotes {name}")


def _ready(instance: Instance) -> bool:
    return instance.status == AVAILABLE


def wait(at: At) -> Reply:
    """Wait until it is available, no copy any more, and has backups."""
    name, database = switch_of(at).new, described(at)
    seconds = database.promote.deadline.total_seconds()
    there = at.cluster.instances.until(name, lambda seen: _ready(seen) and not seen.source, seconds=seconds)
    if there is not None and _ready(there) and not there.source and not there.keeps_days:
        at.cluster.instances.keep(name, age(database.keep).days)
        there = at.cluster.instances.until(name, lambda seen: _ready(seen) and seen.keeps_days > 0, seconds=seconds)
    if there is None:
        return failed(f"RDS told nothing of {name} for {seconds:.0f} s")
    if there.source or not _ready(there) or not there.keeps_days:
        state = f"a copy of {there.source} still" if there.source else f"{there.keeps_days} days of backups"
        return failed(f"after {seconds:.0f} s {name} is {there.status}, {state}")
    return ok(f"{name} is {AVAILABLE}, with {there.keeps_days} days of backups")


def repoint(at: At) -> Reply:
    """Tell everybody where the database is: services by the ledger, others by the name and the secret."""
    switch = switch_of(at)
    there = at.cluster.instances.one(switch.new)
    if there is None or not there.address:
        return failed(f"RDS tells no address of {switch.new}")
    if not at.cluster.ledger.repoint(at.run.fleet.token, switch.new, there.address):
        return refused()
    zone, name = at.cluster.place.record
    said = [f"services are told of {there.address}"]
    if name:
        wrong = Record(at.cluster.clients.records, zone, name).lead_to(there.address, seconds=SPREAD_SECONDS)
        if wrong:
            return failed(wrong)
        said.append(f"{name} leads there")
    vault = _vault(at)
    if vault is not None:
        if not vault.rewrite(switch.address, there.address):
            return failed(f"the secret {described(at).address_in} holds no address that could be replaced")
        said.append(f"{described(at).address_in} holds it")
    return ok("; ".join(said))


def move(at: At) -> Reply:
    """Give the new slot all traffic, which is held: no way back is armed, for the other slot has the old database."""
    at.cluster.listener.move(at.run.plan.slot)
    at.cluster.revert.disarm()
    return ok(f"the traffic goes to {at.run.plan.slot}")


def address(at: At) -> Reply:
    """See that every task that is to serve is told what the description says with the new address."""
    plan, told, counts = at.run.plan, at.cluster.told, at.cluster.slots.counts()
    if at.cluster.listener.read().slot is not plan.slot:
        return failed(f"the traffic does not go to {plan.slot}")
    for name, service in sorted(at.run.environment.system.services.items()):
        here = counts[f"{name}-{plan.slot}"]
        has = at.cluster.definitions.variables(name, here.definition)
        wanted = told.variables(service, plan.slot, version_of(plan.release_id))
        other = sorted(key for key, value in wanted.items() if isinstance(value, str) and has.get(key) != value)
        if other:
            return failed(f"the tasks of {name} in {plan.slot} are told another {', '.join(other)}")
        count = at.cluster.slots.healthy(name, plan.slot, here)
        if count < plan.instances.get(name, 1):
            return failed(f"{name}: {count} of {plan.instances.get(name, 1)} tasks are healthy")
    return ok(f"{plan.slot} is told of {switch_of(at).new}")


def revive(at: At) -> Reply:
    """Start the live slot again as it was, told of the old database."""
    names = [name for generation in at.run.environment.system.start_order() for name in generation]
    return started(at, at.run.plan.live, names)


def _vault(at: At) -> Vault | None:
    name = described(at).address_in
    return Vault(at.cluster.clients.vault, at.cluster.place.secrets[name]) if name else None
