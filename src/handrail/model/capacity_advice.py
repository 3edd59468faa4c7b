"""What to change about the tasks of a service whose rules were passed, or never were."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from handrail.model.aws import FARGATE
from handrail.model.capacity import Advice, Change, Verdict, shown
from handrail.model.capacity_load import REPLACED
from handrail.model.series import highest
from handrail.model.service import MOST_INSTANCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.capacity import Rule
    from handrail.model.capacity_load import Load, Service
    from handrail.model.series import Stretch

# One zone may be lost; the guide has no fewer either.
FEWEST = 2
# A step of scaling comes every two minutes, and a task takes some to start: by then there must be one more.
SLOW_MINUTES = 10
# A Sunday says nothing of a Monday: what holds until somebody changes it again is lowered only after nearly a week.
WEEK_SECONDS = 0.9 * 7 * 86_400
# Memory that a smaller task needs beside the highest that was seen.
SPARE = 1.25
# It shrinks after half an hour, by one in five minutes.
SHRINKS_SECONDS = 3600
ACTIVITIES = "`aws application-autoscaling describe-scaling-activities --service-namespace ecs`"


def more(service: Service, limited: list[tuple[Rule, list[Stretch]]]) -> Advice:
    """Advise more tasks, or larger ones, where those that may run are not enough."""
    most = service.limits.max
    why = f"at {most} tasks, the most that may run: {_told(limited)}"
    busiest = highest(service.cpu.during(stretch) for _, found in limited for stretch in found).peak
    over = service.tasks.grow.cpu
    if busiest < over / 2:
        return Advice(
            Verdict.LIMIT,
            f"{why}; CPU was at {shown('cpu', busiest)} at most meanwhile: more tasks do not help, it waits for "
            "something else: look at the database, and at what it calls",
        )
    by_cpu = any(rule.metric == "cpu" for rule, _ in limited)
    wanted = max(most + 1, math.ceil(most * busiest / over) if by_cpu else math.ceil(most * 1.5))
    then = min(wanted, MOST_INSTANCES)
    full = f"; `instances` goes no further than {MOST_INSTANCES}"
    if then > most and (service.room is None or service.room.fits(then - most)):
        return Advice(Verdict.LIMIT, why + (full if wanted > then else ""), _limit_of(service, "max", then))
    if then > most and service.room:
        return _larger(service, f"{service.room.words(then - most)}; {why}; larger tasks need no more connections")
    return _larger(service, f"{why}{full}: larger tasks instead")


def _larger(service: Service, why: str) -> Advice:
    changes = _sized(service, service.tasks.cpu * 2, service.tasks.memory)
    return Advice(Verdict.LIMIT, why if changes else f"{why}; there is no larger task: split the service", changes)


def grew(service: Service, passed: list[tuple[Rule, list[tuple[Load, Stretch]]]]) -> Iterator[Advice]:
    """Look at what scaling made of it: nothing, or what it makes each time, which could be there from the beginning."""
    told = _told([(rule, [stretch for _, stretch in found]) for rule, found in passed])
    stuck = [stretch for rule, found in passed for load, stretch in found if _stuck(service, rule, load, stretch)]
    if stuck:
        longest = max(stretch.minutes for stretch in stuck)
        yield Advice(
            Verdict.CHANGE,
            f"{told}; for {longest} min AWS started no more tasks of the {service.limits.max} that may run: "
            f"look at {ACTIVITIES}",
        )
        return
    usual = math.floor(median(service.count.values.values())) if service.count.known else 0
    if usual > service.limits.min:
        yield Advice(
            Verdict.CHANGE, f"{told}; half of the time {usual} tasks or more ran: begin with them",
            _limit_of(service, "min", min(usual, service.limits.max)),
        )  # fmt: skip
        return
    reached = f"{service.count.peak:.0f} of {service.limits.max}" if service.count.known else "more"
    yield Advice(Verdict.NOTHING, f"{told}; AWS went to {reached} tasks")


def _stuck(service: Service, rule: Rule, load: Load, stretch: Stretch) -> bool:
    ran = load.tasks.during(stretch)
    return (
        ran.known
        and ran.peak < service.limits.max - REPLACED
        and ran.peak <= ran.values[min(ran.values)]
        and stretch.minutes >= rule.minutes + SLOW_MINUTES
    )


def larger_memory(service: Service, short: list[Stretch]) -> Advice:
    """Advise tasks with more memory, or where there are none, with more of everything."""
    tasks = service.tasks
    why = f"{_told([(service.memory, short)])}: more tasks do not help that"
    larger = next((size for size in FARGATE[tasks.cpu] if size > tasks.memory), 0)
    changes = _sized(service, tasks.cpu if larger else tasks.cpu * 2, larger or tasks.memory + 1)
    return Advice(Verdict.CHANGE, why if changes else f"{why}; there is no larger task", changes)


def less(service: Service) -> Advice:
    """Advise fewer or smaller tasks where CPU was below half of its limit all the time: scaling shrinks by the same."""
    over, cpu, count = service.tasks.grow.cpu, service.cpu, service.count
    if cpu.peak >= over / 2:
        return Advice(Verdict.NOTHING, f"CPU was at {shown('cpu', cpu.peak)} at most; no rule was passed")
    why = f"CPU was below {shown('cpu', over / 2)} all the time, at {shown('cpu', cpu.peak)} at most"
    fewest = int(min(count.values.values(), default=0))
    if fewest > service.limits.min and cpu.seconds >= SHRINKS_SECONDS:
        then = max(service.limits.min, _enough(fewest, cpu.peak, over))
        return Advice(
            Verdict.CHANGE,
            f"{why}, by {fewest} tasks or more, and AWS does not shrink it: look at {ACTIVITIES}",
            (Change(f"fab scale {service.name} {then}", str(fewest), str(then)),),
        )
    changes = _lowered(service, cpu.peak, over)
    if not changes:
        return Advice(Verdict.NOTHING, f"{why}, and there is nothing smaller")
    if cpu.seconds < WEEK_SECONDS:
        return Advice(Verdict.NOTHING, f"{why}; what is always there is lowered after a week: --since 7d")
    return Advice(Verdict.CHANGE, why, changes)


def _lowered(service: Service, peak: float, over: float) -> tuple[Change, ...]:
    least, tasks = service.limits.min, service.tasks
    then = max(FEWEST, _enough(least, peak, over))
    if then < least:
        return _limit_of(service, "min", then)
    memory = highest(load.memory for load in service.slots.values())
    if not memory.known:
        return ()
    return _sized(service, tasks.cpu // 2, math.ceil(tasks.memory * memory.peak / 100 * SPARE))


def _enough(count: int, peak: float, over: float) -> int:
    """Give the fewest tasks that would have had the same to do and stayed at the limit, or below."""
    return max(1, math.ceil(count * peak / over))


def _limit_of(service: Service, key: str, then: int) -> tuple[Change, ...]:
    """Change one limit at both places where it stands."""
    now = str(getattr(service.limits, key))
    return (
        Change(f"services.{service.name}.instances.{key}", now, str(then)),
        Change(f"aws.services.{service.name}.{key}", str(getattr(service.tasks, key)), str(then)),
    )


def _sized(service: Service, cpu: int, memory: int) -> tuple[Change, ...]:
    """Change the size of a task to what Fargate has: no less memory than that."""
    fitting = next((size for size in FARGATE.get(cpu, ()) if size >= memory), None)
    if fitting is None:
        return ()
    tasks, key = service.tasks, f"aws.services.{service.name}"
    found = (("cpu", tasks.cpu, cpu), ("memory", tasks.memory, fitting))
    return tuple(Change(f"{key}.{name}", str(now), str(then)) for name, now, then in found if now != then)


def _told(found: list[tuple[Rule, list[Stretch]]]) -> str:
    """Say which rules were passed, how often and for how long."""
    return ", ".join(
        f"{rule.words()} {_times(len(stretches))}, {sum(each.minutes for each in stretches)} min in all, "
        f"{shown(rule.metric, max(each.peak for each in stretches))} at most"
        for rule, stretches in found
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
