"""Tasks of a service: enough of them, not too many, of the right size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.capacity import Advice, Change, Hours, Part, Seen, Size, Verdict, rules
from handrail.model.capacity_advice import grew, larger_memory, less, more
from handrail.model.series import highest, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.aws import Tasks
    from handrail.model.capacity_load import Service
    from handrail.model.service import Instances

DAY_HOURS = 24
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
        yield more(service, limited)
    elif passed:
        yield from grew(service, passed)
    if short:
        yield larger_memory(service, [stretch for _, stretch in short])
    if not limited and not passed and not short:
        yield less(service)


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
