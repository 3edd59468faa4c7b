"""A step as text, for the command line of its runner: it holds no secret, for the file of a window holds none."""

from __future__ import annotations

import json
from datetime import timedelta

from handrail.model.maintenance_step import Step


def write_step(step: Step) -> str:
    """Write it down."""
    fields = {"key": step.key, "title": step.title, "argv": step.argv, "own": step.own, "done_when": step.done_when}
    seconds = {"takes": step.takes.total_seconds(), "lasts": step.lasts.total_seconds()}
    return json.dumps({**fields, "good": step.good, **seconds})


def read_step(text: str) -> Step:
    """Read what `write_step` wrote."""
    told = json.loads(text)
    return Step(
        key=told["key"],
        title=told["title"],
        argv=tuple(told["argv"]),
        takes=timedelta(seconds=told["takes"]),
        own=told["own"],
        done_when=tuple(told["done_when"]),
        good=tuple(told["good"]),
        lasts=timedelta(seconds=told["lasts"]),
    )
