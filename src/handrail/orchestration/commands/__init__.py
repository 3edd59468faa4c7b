"""From a step to commands: what each host is asked to do. Nothing is run here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from handrail.hosts.script import Command, Upload
from handrail.model.fleet import Do
from handrail.model.intent import Verb
from handrail.orchestration.commands.backup import back_up
from handrail.orchestration.commands.certificate import issue, prove, put, swap
from handrail.orchestration.commands.data import datastores, vacuum
from handrail.orchestration.commands.disk import clean
from handrail.orchestration.commands.edge import bake, move, ready_edge, spread, verify
from handrail.orchestration.commands.lease import finish, take_lease
from handrail.orchestration.commands.logs import rotate
from handrail.orchestration.commands.slot import (
    drain,
    migrate,
    ready_instances,
    ready_slot,
    stage,
    start,
    steady,
    stop,
)
from handrail.orchestration.commands.updates import check, look, out, reboot, upgrade, well

if TYPE_CHECKING:
    from handrail.model.step import Step
    from handrail.orchestration.run import Run

Builder = Callable[["Run", "Step", str], Sequence[Command | Upload]]


def commands(run: Run, step: Step, host: str) -> Sequence[Command | Upload]:
    """List what a host is asked to do for a step, in order."""
    return BUILDERS[step.do](run, step, host)


def ready(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Give the idle slot its release and files, and the edge its configuration; a rehearsal leaves edges alone."""
    todo: list[Command] = []
    plan = run.plan
    if plan.verb.moves_release and host in run.fleet.roles.services and not plan.warm:
        todo.append(ready_slot(run, host))
    if plan.grows and plan.service in run.fleet.roles.services_of.get(host, ()):
        todo.append(ready_instances(run, host))
    if host in run.fleet.roles.edges and plan.verb is not Verb.REHEARSE:
        todo += ready_edge(run)
    return todo


BUILDERS: dict[Do, Builder] = {
    Do.LEASE: take_lease,
    Do.SETTLE: move("settle"),
    Do.STAGE: stage,
    Do.READY: ready,
    Do.START: start,
    Do.BACK_UP: back_up,
    Do.MIGRATE: migrate,
    Do.SHARE: move("share"),
    Do.WATCH_SHARE: bake,
    Do.CUT_OVER: move("cut_over"),
    Do.VERIFY: verify,
    Do.BAKE: bake,
    Do.CONFIRM: move("confirm"),
    Do.GO_BACK: move("back"),
    Do.DRAIN: drain,
    Do.STOP: stop,
    Do.START_DATA: datastores("start"),
    Do.STOP_DATA: datastores("stop"),
    Do.HOLD: move("hold"),
    Do.RESUME: move("resume"),
    Do.STEADY: steady,
    Do.SPREAD: spread,
    Do.CLEAN: clean,
    Do.ROTATE: rotate,
    Do.VACUUM: vacuum,
    Do.ISSUE: issue,
    Do.PUT: put,
    Do.SWAP: swap,
    Do.PROVE: prove,
    Do.LOOK: look,
    Do.STAND_IN: well,
    Do.TAKE_OUT: out("out"),
    Do.UPGRADE: upgrade,
    Do.REBOOT: reboot,
    Do.CHECK: check,
    Do.PUT_IN: out("in"),
    Do.ALL_WELL: well,
    Do.FINISH: finish,
}
