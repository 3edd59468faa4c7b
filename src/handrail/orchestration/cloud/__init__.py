"""A table's steps on ECS: what a host is asked to do by scripts, AWS is asked to do by calls."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from handrail.ecs.certificates import LET_GO_SECONDS
from handrail.ecs.reply import Call, nothing, refused
from handrail.model.fleet import Do
from handrail.orchestration.cloud import database
from handrail.orchestration.cloud.at import At
from handrail.orchestration.cloud.certificate import prove, put, swap
from handrail.orchestration.cloud.lease import finish, lease
from handrail.orchestration.cloud.slots import drain, migrate, ready, stage, start, steady, stop
from handrail.orchestration.cloud.snapshot import take
from handrail.orchestration.cloud.traffic import bake, confirm, cut_over, go_back, hold, resume, settle, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from handrail.ecs.cluster import Cluster
    from handrail.hosts.script import Reply
    from handrail.model.step import Step
    from handrail.orchestration.run import Run

# What a step's own time does not count: AWS's answers.
ANSWER_SECONDS = 60


def calls(run: Run, cluster: Cluster, step: Step) -> list[Call]:
    """List what AWS is asked to do for a step."""
    return [Call(partial(_fenced, At(run, cluster, step)), _seconds(run, step))]


def _fenced(at: At) -> Reply:
    """Ask whether the lease is still this run's, right before each step: AWS checks no token of ours by itself."""
    if at.step.do is not Do.LEASE and not at.cluster.ledger.mine(at.run.fleet.token):
        return refused()
    return DOING[at.step.do](at)


def _seconds(run: Run, step: Step) -> int:
    system = run.environment.system
    more = {
        Do.START: sum(each.health.deadline.total_seconds() for each in system.services.values()),
        Do.MIGRATE: system.release.migrate.deadline.total_seconds() if system.release.migrate else 0,
        Do.BAKE: system.times.bake.total_seconds(), Do.WATCH_SHARE: system.times.bake.total_seconds(),
        Do.DRAIN: system.times.drain.total_seconds(), Do.PROVE: system.times.confirm.total_seconds() + LET_GO_SECONDS,
    } | _of_databases(run)  # fmt: skip
    return int(more.get(step.do, 0)) + ANSWER_SECONDS


def _of_databases(run: Run) -> dict[Do, float]:
    """Tell how long a failover's steps may take: each of them waits for AWS, some twice."""
    system = run.environment.system
    if system.aws is None or system.aws.database is None:
        return {}
    deadline, drain = system.aws.database.promote.deadline.total_seconds(), system.times.drain.total_seconds()
    return {
        Do.SNAPSHOT: 2 * deadline, Do.PROMOTE: deadline, Do.AWAIT: 2 * deadline,
        Do.CATCH_UP: system.aws.database.promote.catch_up.total_seconds(), Do.REPOINT: database.SPREAD_SECONDS,
        Do.QUIET: drain + database.STOP_SECONDS,
        Do.REVIVE: sum(each.health.deadline.total_seconds() for each in system.services.values()),
    }  # fmt: skip


def no_use(_: At) -> Reply:
    """Do nothing: on ECS this is somebody else's."""
    return nothing()


DOING: dict[Do, Callable[[At], Reply]] = {
    Do.LEASE: lease, Do.SETTLE: settle, Do.STAGE: stage, Do.READY: ready, Do.START: start, Do.MIGRATE: migrate,
    Do.SHARE: cut_over, Do.WATCH_SHARE: bake, Do.CUT_OVER: cut_over, Do.VERIFY: verify, Do.BAKE: bake,
    Do.STEADY: steady, Do.CONFIRM: confirm, Do.GO_BACK: go_back, Do.DRAIN: drain, Do.STOP: stop, Do.HOLD: hold,
    Do.RESUME: resume, Do.SPREAD: no_use, Do.START_DATA: no_use, Do.STOP_DATA: no_use, Do.PUT: put, Do.SWAP: swap,
    Do.PROVE: prove, Do.FINISH: finish,
    Do.PREPARE: database.prepare, Do.SNAPSHOT: take, Do.QUIET: database.quiet, Do.CATCH_UP: database.catch_up,
    Do.PROMOTE: database.promote, Do.AWAIT: database.wait, Do.REPOINT: database.repoint, Do.MOVE: database.move,
    Do.ADDRESS: database.address, Do.REVIVE: database.revive,
}  # fmt: skip
