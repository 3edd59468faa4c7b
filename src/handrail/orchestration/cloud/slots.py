"""Stage a release, start, watch, stop and drain the tasks of a slot."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from handrail.ecs.ends import ended, last_words, told
from handrail.ecs.reply import failed, nothing, ok, refused
from handrail.model.intent import Verb
from handrail.model.slot import Slot
from handrail.model.version import version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.ecs.ends import End
    from handrail.hosts.script import Reply
    from handrail.orchestration.cloud.at import At


def stage(at: At) -> Reply:
    """See that the registry has the images, and note their digests."""
    version = version_of(at.run.plan.release_id)
    services = at.run.environment.system.services.values()
    at.run.images = {each.name: at.cluster.definitions.image(each, version) for each in services}
    return ok(f"{len(at.run.images)} images are there")


def ready(at: At) -> Reply:
    """Register what the idle slot is to run."""
    plan = at.run.plan
    if not plan.verb.moves_release or plan.warm:
        return nothing()
    version, tasks = version_of(plan.release_id), {}
    for name, service in at.run.environment.system.services.items():
        variables = at.cluster.told.variables(service, plan.slot, version)
        tasks[name] = at.cluster.definitions.register(
            service, plan.slot, plan.release_id, at.run.images[name], variables
        )
    digest = plan.digest or (at.run.intent.release.digest if at.run.intent.release else "")
    there = at.cluster.ledger.put(at.run.fleet.token, plan.slot, plan.release_id, digest, tasks)
    return ok(f"{len(tasks)} task definitions") if there else refused()


def start(at: At) -> Reply:
    """Start one generation of services in the slot of the plan."""
    names = at.run.environment.system.start_order()[at.step.part]
    return started(at, at.run.plan.slot, [name for name in names if at.run.plan.service in {"", name}])


def started(at: At, slot: Slot, names: Sequence[str]) -> Reply:
    """Start services, one after the other, and wait until the load balancer finds their tasks healthy."""
    said, tasks = [], (at.cluster.ledger.read().tasks or {}).get(slot, {})
    for name in names:
        count = at.run.plan.instances.get(name, 1)
        if name not in tasks:
            return failed(f"{name} was never deployed to {slot}: fab restart, or fab deploy VERSION")
        at.cluster.slots.start(name, slot, definition=tasks[name], count=count)
        limit = at.run.environment.system.services[name].health.deadline.total_seconds()
        well, words, ends = at.cluster.slots.wait(name, slot, count, seconds=limit)
        if not well:
            return failed(words, _log(at, name, slot, ends))
        said.append(words)
    return ok("; ".join(said)) if said else nothing()


def migrate(at: At) -> Reply:
    """Run the release's migration as a task of its own."""
    wanted = at.run.environment.system.release.migrate
    if wanted is None:
        return nothing()
    tasks = (at.cluster.ledger.read().tasks or {})[at.run.plan.slot]
    good, words = at.cluster.slots.once(
        wanted.service, at.run.plan.slot, definition=tasks[wanted.service], command=wanted.command,
        seconds=wanted.deadline.total_seconds(),
    )  # fmt: skip
    return ok(words) if good else failed(f"the migration failed: {words}")


def steady(at: At) -> Reply:
    """See that the tasks of the new slot are as they were started: all healthy, and none in the place of another."""
    plan, counts = at.run.plan, at.cluster.slots.counts()
    for name in sorted(at.run.environment.system.services):
        if plan.service not in {"", name}:
            continue
        count = plan.instances.get(name, 1)
        ends = ended(at.cluster.clients, at.cluster.place, f"{name}-{plan.slot}")
        late = [end for end in ends if end.at and end.at.timestamp() > at.run.cut_over_at > 0]
        if late:
            return failed(f"{name} was started again: {len(late)} tasks have ended", _log(at, name, plan.slot, late))
        well = at.cluster.slots.healthy(name, plan.slot, counts[f"{name}-{plan.slot}"])
        if well < count:
            return failed(f"{name}: {well} of {count} tasks are still healthy", _log(at, name, plan.slot, ends))
    return ok("as they were started")


def _log(at: At, name: str, slot: Slot, ends: Sequence[End]) -> str:
    """Give what ECS says of tasks that ended, and what the last of them printed."""
    words = last_words(at.cluster.clients.logs, at.cluster.place, name, slot, ends)
    return "\n".join(text for text in (told(ends), words) if text)


def drain(at: At) -> Reply:
    """Leave requests that are under way their time."""
    seconds = at.run.environment.system.times.drain.total_seconds()
    time.sleep(seconds)
    return ok(f"{seconds:.0f} s")


def stop(at: At) -> Reply:
    """Stop one generation of services: in the idle slot, or in both when the whole system shuts down."""
    plan = at.run.plan
    slots = list(Slot) if plan.verb is Verb.SHUTDOWN else [plan.slot]
    count = min(plan.before, plan.instances[plan.service]) if plan.verb is Verb.SCALE else 0
    names = [each for each in at.run.environment.system.start_order()[at.step.part] if plan.service in {"", each}]
    for name in names:
        for slot in slots:
            at.cluster.slots.size(name, slot, count)
    return ok(", ".join(names)) if names else nothing()
