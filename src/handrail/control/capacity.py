"""`fab capacity`: what a system's load on ECS says of its limits, what to change, and what that would cost."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.control import capacity_tables
from handrail.control.metrics import checked_picture
from handrail.control.task import exits, opened
from handrail.errors import BadInput

if TYPE_CHECKING:
    from handrail.model.environment import Environment

NEXT = "fab capacity --since 7d"
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}
# CloudWatch keeps numbers by the minute for 15 days, and by five minutes for 63.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Metric
BY_THE_MINUTE, KEPT = timedelta(days=15), timedelta(days=63)
MINUTE, FIVE_MINUTES = 60, 300


@exits
def show_capacity(inventory: str | None, *, since: str, plot: str, as_json: bool) -> int:
    """Show what to change; 1 when there is anything, 2 when a limit is reached."""
    span, picture = _span(since), checked_picture(plot, following=NEXT)
    environment = _on_ecs(opened(inventory).load().environment)
    from handrail.ecs.capacity import loads  # noqa: PLC0415  # boto3 only where AWS is used
    from handrail.ecs.join import cluster_of  # noqa: PLC0415  # likewise
    from handrail.model.capacity_system import judge_system  # noqa: PLC0415

    period = MINUTE if span <= BY_THE_MINUTE else FIVE_MINUTES
    # The last period is not over.
    until = int(time.time()) // period * period
    begin = until - int(span.total_seconds()) // period * period
    seen = loads(cluster_of(environment), since=begin, until=until, period=period)
    found = judge_system(environment, seen, since=begin, until=until, period=period)
    if picture is not None:
        from handrail.control.capacity_plot import draw  # noqa: PLC0415  # heavy, and an extra

        draw(found, picture)
    capacity_tables.capacity(found, picture, as_json=as_json)
    return found.verdict.code


def _span(text: str) -> timedelta:
    """Read `--since`: hours or days before now."""
    written = re.fullmatch(r"([0-9]{1,4})([hd])", text, re.ASCII)
    span = int(written[1]) * UNITS[written[2]] if written else timedelta()
    if not timedelta() < span <= KEPT:
        raise BadInput(
            f"--since {text}; allowed: hours or days such as 24h or 7d, {KEPT.days}d at the most, which is what "
            "CloudWatch keeps by five minutes",
            next_step=NEXT,
        )
    return span


def _on_ecs(environment: Environment) -> Environment:
    if not environment.on_ecs:
        raise BadInput(
            f"{environment.system.name} on {environment.name} is not on ECS: CloudWatch knows nothing of its hosts",
            next_step="fab check monthly shows the load of hosts now, fab metrics how well the system is deployed; "
            "fab scale changes how many instances run",
        )
    return environment
