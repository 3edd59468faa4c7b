"""Tasks of a service: enough of them, not too many, of the right size."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING

from handrail.model.aws import FARGATE
from handrail.model.capacity import Advice, Change, Hours, Part, Seen, Size, Verdict, rules, shown
from handrail.model.capacity_load import REPLACED
from handrail.model.series import highest, total
from handrail.model.service import MOST_INSTANCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.aws import Tasks
    from handrail.model.capacity import Rule
    from handrail.model.capacity_load import Load, Service
    from handrail.model.series import Stretch
    from handrail.model.service import Instances

# One zone may be lost; the guide has no fewer either.
FEWEST = 2
# A step of scaling comes every two minutes, and a task takes some to start: by then there must be one more.
SLOW_MINUTES = 10
# A Sunday says nothing of a Monday: what holds until somebody changes it again is lowered only after nearly a week.
WEEK_SECONDS = 0.9 * 7 * 86_400
# Memory that a smaller task needs beside the highest that was seen.
SPARE = 1.25
DAY_HOURS = 24
# It shrinks after half an hour, by one in five minutes.
SHRINKS_SECONDS = 3600
ACTIVITIES = "`aws application-autoscaling describe-scaling-activities --service-namespace ecs`"
MIB = 1024


def judge(service: Service) -> Part:
    """Say what to change about a service, the worst first, and what that would cost."""
    advices = sorted(_advices(service), key=lambda advice: -advice.verdict.code)
    then = _after(service, advices)
    return Part(
        service.name, "service", _seen(service), tuple(advices), size(service.tasks, service.limits),
        size(*then), tasks=service.count, hours=_hours(service, then[1], advices),
    )  # fmt: skip


def size(tasks: Tasks, limits: Instances) -> Size:
    """Tell what the tasks of a service have."""
    return Size(limits.min, limits.max, tasks.cpu / MIB, tasks.memory / MIB)


def _seen(service: Service) -> dict[str, Seen]:
    found = {}
    for rule in (*rules(service.tasks), service.memory):
        lasted = sum(stretch.minutes for _, stretch in service.passed(rule))
        found[rule.metric] = Seen(highest(load.of(rule) for load in service.slots.values()), rule, lasted)
    return found


def _advices(service: Service) -> Iterator[Advice]:
    yield from _disagreeing(service)
    if not service.cpu.known:
        yield _unknown(service)
        return
    yield from _mute(service)
    limited = [(rule, found) for rule in rules(service.tasks) if (found := service.limited(rule))]
    passed = [(rule, there) for rule in rules(service.tasks) if (there := service.passed(rule))]
    short = service.passed(service.memory)
    if limited:
        yield _more(service, limited)
    elif passed:
        yield from _grew(service, passed)
    if short:
        yield _memory(service, [stretch for _, stretch in short])
    if not limited and not passed and not short:
        yield _less(service)


def _unknown(service: Service) -> Advice:
    if not service.wanted:
        return Advice(Verdict.NOTHING, "no tasks are wanted, and none ran")
    return Advice(
        Verdict.CHANGE,
        f"CloudWatch has no CPU of it, and {service.wanted} tasks are wanted: nothing can be said; see fab status",
    )


def _disagreeing(service: Service) -> Iterator[Advice]:
    """Find two limits for one thing: a deploy tells AWS the one, an apply of Terraform the other."""
    mine, tasks = service.limits, service.tasks
    changes = tuple(
        Change(f"aws.services.{service.name}.{key}", str(theirs), str(ours))
        for key, theirs, ours in (("min", tasks.min, mine.min), ("max", tasks.max, mine.max))
        if theirs != ours
    )
    if changes:
        why = f"a deploy sets {mine.min} to {mine.max} tasks, an apply of Terraform {tasks.min} to {tasks.max}"
        yield Advice(Verdict.CHANGE, f"{why}: make `instances` and `aws.services` agree", changes)


def _mute(service: Service) -> Iterator[Advice]:
    """Find a rule of a queue that nobody tells the length of."""
    if service.tasks.grow.queue and not any(load.queue.known for load in service.slots.values()):
        yield Advice(
            Verdict.CHANGE,
            "CloudWatch has no RequestQueue of it: the rule of its queue starts nothing until the program tells it",
        )


def _more(service: Service, limited: list[tuple[Rule, list[Stretch]]]) -> Advice:
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


def _grew(service: Service, passed: list[tuple[Rule, list[tuple[Load, Stretch]]]]) -> Iterator[Advice]:
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


def _memory(service: Service, short: list[Stretch]) -> Advice:
    tasks = service.tasks
    why = f"{_told([(service.memory, short)])}: more tasks do not help that"
    larger = next((size for size in FARGATE[tasks.cpu] if size > tasks.memory), 0)
    changes = _sized(service, tasks.cpu if larger else tasks.cpu * 2, larger or tasks.memory + 1)
    return Advice(Verdict.CHANGE, why if changes else f"{why}; there is no larger task", changes)


def _less(service: Service) -> Advice:
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


def _after(service: Service, advices: list[Advice]) -> tuple[Tasks, Instances]:
    """Give the service as it would be described, were all of it done."""
    wanted = {change.key: change.then for advice in advices for change in advice.changes}
    sized = {
        key: int(wanted[path])
        for key in ("cpu", "memory")
        if (path := f"aws.services.{service.name}.{key}") in wanted
    }  # fmt: skip
    limits = {
        key: int(wanted[path])
        for key in ("min", "max")
        if (path := f"services.{service.name}.instances.{key}") in wanted
    }  # fmt: skip
    return service.tasks.model_copy(update=sized), service.limits.model_copy(update=limits)


def _hours(service: Service, then: Instances, advices: list[Advice]) -> Hours | None:
    """Add up a day's hours of tasks, as they were, and had the limits been others."""
    both, live = total(load.tasks for load in service.slots.values()), service.count
    if not both.known:
        return None
    limited = {
        at for rule in rules(service.tasks) for stretch in service.limited(rule) for at in live.during(stretch).values
    }
    fewer = next(
        (int(change.then) for each in advices for change in each.changes if change.key.startswith("fab scale")), 0
    )

    def would(at: int, count: float) -> float:
        if at in limited:
            return then.max
        return max(min(count, fewer) if fewer else count, then.min if count else 0)

    days = len(both.values) / DAY_HOURS
    measured, busier = (sum(series.values.values()) / days for series in (both, live))
    changed = sum(would(at, count) for at, count in live.values.items()) / days
    return Hours(measured, measured - busier, measured - busier + changed)


def _told(found: list[tuple[Rule, list[Stretch]]]) -> str:
    """Say which rules were passed, how often and for how long."""
    return ", ".join(
        f"{rule.words()} {_times(len(stretches))}, {sum(each.minutes for each in stretches)} min in all, "
        f"{shown(rule.metric, max(each.peak for each in stretches))} at most"
        for rule, stretches in found
    )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
