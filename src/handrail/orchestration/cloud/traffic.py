"""Move the traffic, watch it, confirm or go back; hold it and let it in."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from handrail.ecs import web
from handrail.ecs.metrics import PERIOD_SECONDS
from handrail.ecs.reply import failed, nothing, ok, refused
from handrail.ecs.traffic import numbers
from handrail.model.fleet import Do
from handrail.model.intent import Verb
from handrail.model.version import version_of
from handrail.model.vitals import FAILED_ENOUGH
from handrail.orchestration.cloud.database import mark

if TYPE_CHECKING:
    from handrail.ecs.traffic import Numbers
    from handrail.hosts.script import Reply
    from handrail.orchestration.cloud.at import At

# A confirmation that AWS hears less than this before the moment may be too late.
LATE_SECONDS = 5
MILLISECONDS = 1000


def settle(at: At) -> Reply:
    """Give all traffic to the live slot, and disarm what a dead run has armed."""
    at.cluster.listener.move(at.run.plan.live)
    at.cluster.revert.disarm()
    return ok(f"the traffic goes to {at.run.plan.live}")


def cut_over(at: At) -> Reply:
    """Give the new slot its share, or everything, with the way back armed before."""
    plan, now = at.run.plan, at.cluster.ledger.read().now
    share = plan.share if at.step.do is Do.SHARE else 100
    seconds = int(at.run.environment.system.times.confirm.total_seconds())
    before = at.cluster.revert.armed()
    at.cluster.revert.arm(at.cluster.listener, plan.live, token=at.run.fleet.token, now=now, seconds=seconds)
    at.run.cut_over_at = now
    at.cluster.listener.move(plan.slot, share)
    for each in before:
        at.cluster.revert.drop(each)
    return ok(f"{share} % of the traffic go to {plan.slot}, for {seconds} s unless confirmed")


def verify(at: At) -> Reply:
    """Ask through the load balancer as a client would."""
    plan, system = at.run.plan, at.run.environment.system
    return web.verify(system, at.cluster.place.address, version_of(plan.release_id), plan.slot)


def bake(at: At) -> Reply:
    """Watch what CloudWatch counts of the new slot."""
    system, plan = at.run.environment.system, at.run.plan
    time.sleep(system.times.bake.total_seconds())
    until = at.cluster.ledger.read().now
    # CloudWatch begins with the minute that this moment is in: what a release before it answered in the slot is older.
    seen = numbers(
        at.cluster.clients.metrics, at.cluster.place, plan.slot,
        since=at.run.cut_over_at, until=until + PERIOD_SECONDS,
    )  # fmt: skip
    return _judged(at, seen)


def _judged(at: At, seen: Numbers) -> Reply:
    limits = at.run.environment.system.bake
    p95 = seen.p95 or 0.0
    words = f"{seen.requests} requests, {seen.errors} failed, p95 {p95 * MILLISECONDS:.0f} ms"
    few = seen.requests < limits.at_least
    if few and not (seen.errors >= FAILED_ENOUGH and 2 * seen.errors >= seen.requests):
        return ok(f"{words}, too few to judge: {limits.at_least} are wanted")
    if few or 100 * seen.errors > limits.errors_percent * seen.requests:
        return failed(f"{words}; allowed: {limits.errors_percent:g} % failed")
    if p95 > limits.p95.total_seconds():
        return failed(f"{words}; allowed: p95 {limits.p95.total_seconds() * MILLISECONDS:.0f} ms")
    return ok(words)


def confirm(at: At) -> Reply:
    """Delete the way back; where it was faster, the old slot has the traffic and the run has failed."""
    now = at.cluster.ledger.read().now
    armed = at.cluster.revert.armed()
    if any(each.at.timestamp() - now < LATE_SECONDS for each in armed):
        return failed("too late: the schedule that puts the weights back is due")
    at.cluster.revert.disarm()
    if at.cluster.listener.read().slot is not at.run.plan.slot:
        return failed("too late: the weights were put back")
    return ok(f"{at.run.plan.slot} is confirmed")


def go_back(at: At) -> Reply:
    """Give the traffic back to the live slot, then disarm."""
    at.cluster.listener.move(at.run.plan.live)
    at.cluster.revert.disarm()
    return ok(f"the traffic is back on {at.run.plan.live}")


def hold(at: At) -> Reply:
    """Answer everything with 503."""
    switch = at.run.plan.switch
    if switch is not None and not mark(at, asked=switch.asked):
        return refused()
    held = at.run.plan.verb is Verb.SHUTDOWN or (switch is not None and switch.held)
    if held and at.cluster.listener.read().hold:
        return nothing("traffic is held already")
    at.cluster.listener.hold(at.run.intent.message or at.run.environment.system.edge.maintenance.message)
    return ok("traffic is held")


def resume(at: At) -> Reply:
    """Let traffic in."""
    at.cluster.listener.resume()
    return ok("traffic is let in")
