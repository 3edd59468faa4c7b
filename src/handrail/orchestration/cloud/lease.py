"""Take, keep and give back the lease, and write down how the run went."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from handrail.ecs.reply import Call, Known, ok, refused
from handrail.hosts.script import Reply
from handrail.model.fleet import Outcome
from handrail.model.guard_database import no_way_back
from handrail.model.intent import Verb
from handrail.model.slot import Slot
from handrail.orchestration.commands.lease import good_and_bad, record

if TYPE_CHECKING:
    from handrail.ecs.ledger import Kept
    from handrail.orchestration.cloud.at import At
    from handrail.orchestration.run import Run


def lease(at: At) -> Reply:
    """Take the lease, and look."""
    seconds = int(at.run.environment.system.times.lease.total_seconds())
    outcome, kept = at.cluster.ledger.take(at.run.run_id, at.run.holder, seconds=seconds, least=at.run.fleet.token)
    if outcome is Outcome.HELD:
        whose = f" by {kept.lease.holder} for {kept.lease.seconds_left:.0f} s" if kept.lease else ""
        return Reply(outcome, f"held{whose}", ())
    state = at.cluster.look(exact=True, databases=at.run.intent.verb is Verb.PROMOTE)
    return Known(outcome, f"token {kept.fence}", (f"token {kept.fence}",), state)


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
    fleet = at.run.fleet
    switched = fleet.plan is not None and fleet.plan.switch is not None
    if fleet.plan is not None and (good or (switched and not fleet.failed and not fleet.interrupted)):
        for name, service in at.run.environment.system.services.items():
            for slot in Slot:
                least = service.instances.min if slot is at.run.plan.slot else 0
                at.cluster.slots.keep(name, slot, least, service.instances.max)
    # A failover has stopped what there was: whoever starts it again must know how many, also after a failure.
    counts = {**kept.counts, **(fleet.plan.instances if fleet.plan and (switched or not fleet.failed) else {})}
    there = at.cluster.ledger.finish(
        fleet.token, json.dumps(record(at.run)), good=releases, counts=counts, promoted=not _half_done(at, kept)
    )
    return ok("recorded") if there else refused()


def _half_done(at: At, kept: Kept) -> bool:
    """Whether a failover has passed its point of no return, and not come to its end."""
    fleet = at.run.fleet
    if at.run.intent.verb is not Verb.PROMOTE or fleet.plan is None:
        return kept.promotion is not None and kept.promotion.asked
    return no_way_back(fleet) and (fleet.failed or fleet.interrupted)
