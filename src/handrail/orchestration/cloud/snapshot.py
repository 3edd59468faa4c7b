"""Take a snapshot of the database before a change, and keep the last few of ours."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.ecs.instances import TAG
from handrail.ecs.reply import failed, ok
from handrail.model.aws_variables import aws_of
from handrail.model.databases import AVAILABLE
from handrail.model.intent import Verb
from handrail.model.version import version_of

if TYPE_CHECKING:
    from handrail.hosts.script import Reply
    from handrail.model.aws_database import Database
    from handrail.orchestration.cloud.at import At

# What RDS takes for a name: letters, digits, and no two hyphens beside each other.
UNFIT = re.compile(r"[^a-z0-9]+")
CREATING = "creating"


def described(at: At) -> Database:
    """Give what the YAML says of the database."""
    database = aws_of(at.run.environment).database
    if database is None:
        raise RuntimeError("a failover without a database was planned")
    return database


def take(at: At) -> Reply:
    """Before a migration, of the database that services are told of; before a failover, of the old one."""
    plan = at.run.plan
    if plan.switch is not None:
        return snapshot(at, plan.switch.old)
    name = at.cluster.ledger.read().database or next(iter(at.cluster.place.identifiers), "")
    return snapshot(at, name) if name else failed("Terraform's outputs name no database: fab infra.plan, and apply it")


def snapshot(at: At, instance: str) -> Reply:
    """Take one, or wait for the one that an earlier run has begun; older ones go once it is there."""
    instances, mine, database = at.cluster.instances, at.cluster.place.prefix, described(at)
    seconds = database.promote.deadline.total_seconds()
    there = instances.until(instance, lambda seen: seen.status == AVAILABLE, seconds=seconds)
    begun = [each.name for each in instances.snapshots(instance, mine) if each.status == CREATING]
    if not begun and (there is None or there.status != AVAILABLE):
        return failed(f"{instance} is {there.status if there else 'gone'}, so that RDS takes no snapshot of it")
    name = begun[-1] if begun else _name(at, mine)
    if not begun:
        instances.snapshot(instance, name, _tags(at, mine))
    wrong = instances.taken(name, seconds=seconds)
    if wrong:
        return failed(wrong)
    return ok(f"{name}{_thinned(at, instance, mine, database.snapshots)}")


def _name(at: At, mine: str) -> str:
    moment = datetime.fromtimestamp(at.cluster.ledger.read().now, UTC)
    words = f"{mine} {version_of(at.run.plan.release_id)} {moment:%Y%m%dt%H%M%S}"
    return UNFIT.sub("-", words.lower())


def _tags(at: At, mine: str) -> dict[str, str]:
    environment, plan = at.run.environment, at.run.plan
    before = version_of(plan.release_id) if plan.verb is Verb.DEPLOY else str(plan.verb)
    return {
        "system": environment.system.name, "environment": environment.name, TAG: mine,
        "handrail:before": before, "handrail:live": version_of(plan.live_release) or "nothing",
        "handrail:run": at.run.run_id,
    }  # fmt: skip


def _thinned(at: At, instance: str, mine: str, keep: int) -> str:
    """Delete ours beyond the last few; what AWS does not delete stays, and fails nobody's deploy."""
    there = [each for each in at.cluster.instances.snapshots(instance, mine) if each.status == AVAILABLE]
    gone = [each.name for each in there[:-keep] if at.cluster.instances.forget(each.name)]
    left = len(there[:-keep]) - len(gone)
    return f"{f'; {len(gone)} older deleted' if gone else ''}{f'; {left} could not be deleted' if left else ''}"
