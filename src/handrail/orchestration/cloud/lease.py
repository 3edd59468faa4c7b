"""Take, keep and give back the lease, and write down how the run went."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handrail.ecs.reply import Call, Known, ok, refused
from handrail.hosts.script import Reply
from handrail.model.fleet import Outcome
from handrail.model.slot import Slot
from handrail.orchestration.commands.lease import good_and_bad, record

if TYPE_CHECKING:
    from handrail.orchestration.cloud.at import At
    from handrail.orchestration.run import Run


def lease(at: At) -> Reply:
    """Take the lease, and look."""
    seconds = int(at.run.environment.system.times.lease.total_seconds())
    outcome, kept = at.cluster.ledger.take(at.run.run_id, at.run.holder, seconds=seconds, least=at.run.fleet.token)
    if outcome is Outcome.HELD:
        whose = f" by {kept.lease.holder} for {kept.lease.seconds_left:.0f} s" if kept.lease else ""
        return Reply(outcome, f"held{whose}", ())
    return Known(outcome, f"token {kept.fence}", (f"token {kept.fence}",), at.cluster.look(exact=True))


def renewal(run: Run, _host: str) -> Call:
    """Keep the lease."""
    seconds = int(run.environment.system.times.lease.total_seconds())

    def renew() -> Reply:
        there = run.cluster is not None and run.cluster.ledger.renew(run.fleet.token, seconds=seconds)
        return ok("renewed") if there else refused()

    return Call(renew, 10)


def finish(at: At) -> Reply:
    """Tell AWS's own scaling which slot has the traffic, write the record, give the lease back."""
    kept = at.cluster.ledger.read()
    good, bad = good_and_bad(at.run)
    names = [each for each in kept.good if each not in {good, bad}]
    releases = tuple([*names, good] if good else names)[-at.run.environment.system.release.keep :]
    if at.run.fleet.plan is not None and good:
        for name, service in at.run.environment.system.services.items():
            for slot in Slot:
                least = service.instances.min if slot is at.run.plan.slot else 0
                at.cluster.slots.keep(name, slot, least, service.instances.max)
    counts = {**kept.counts, **(at.run.fleet.plan.instances if at.run.fleet.plan and not at.run.fleet.failed else {})}
    there = at.cluster.ledger.finish(at.run.fleet.token, json.dumps(record(at.run)), good=releases, counts=counts)
    return ok("recorded") if there else refused()
