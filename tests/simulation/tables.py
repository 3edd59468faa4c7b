"""The tables that runs execute: the real one of model/rollout.py, or one that is spoilt on purpose."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from handrail.model.fleet import Do
from handrail.model.guard import must_stop_new
from handrail.model.intent import Verb
from handrail.model.rollout import TABLES
from handrail.model.step import Scope, in_order

if TYPE_CHECKING:
    from handrail.model.step import Step


@lru_cache
def table(verb: Verb, generations: int, bug: str) -> tuple[Step, ...]:
    """Expand the real table of a verb, or spoil it on purpose."""
    steps = list(in_order(TABLES[verb], generations=generations))
    if verb is Verb.SCALE:
        return tuple(_spoilt_scale(step, bug) for step in steps)
    if verb is Verb.REHEARSE:
        return tuple(step for step in steps if bug != "lasting-rehearsal" or step.do is not Do.STOP)
    if bug == "early-cutover":
        moves = [step for step in steps if step.do is Do.CUT_OVER]
        steps = [step for step in steps if step.do is not Do.CUT_OVER]
        first = next(index for index, step in enumerate(steps) if step.do is Do.START)
        steps[first:first] = moves
    if bug == "late-backup":
        dumps = [step for step in steps if step.do is Do.BACK_UP]
        steps = [*(step for step in steps if step.do is not Do.BACK_UP and step.do is not Do.FINISH), *dumps, steps[-1]]
    if bug == "one-cutover":
        steps = [step for step in steps if (step.do, step.part) != (Do.CUT_OVER, 1)]
        steps = [replace(step, on=Scope.EDGES) if step.do is Do.CUT_OVER else step for step in steps]
    return tuple(steps)


def _spoilt_scale(step: Step, bug: str) -> Step:
    if bug == "hasty-stop" and step.when is must_stop_new:
        return replace(step, when=lambda fleet: fleet.tried(Do.SPREAD) and fleet.failed and not fleet.fenced)
    return step
