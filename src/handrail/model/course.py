"""The course of a maintenance window, decided from what was done so far: no I/O, no clock.

The invariant: whatever fails, and whenever, what was tried is undone in the reverse order, then the system is started,
verified and let in again; the page stays up only over a system that does not start.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.model.duration import text
from handrail.model.maintenance_step import TURN, Done, Outcome, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from handrail.model.maintenance import Maintenance, Task

# What looks at the system takes this long at the most, also when a host does not answer.
LOOK = timedelta(minutes=2)
# A watch that ends in time may still be on its last look.
AFTER_WATCH = timedelta(minutes=2)
CHANGES = ("--yes", "--json")


@dataclass(frozen=True)
class Turn:
    """It does not go on: from here on everything is undone."""

    reason: str


@dataclass(frozen=True)
class End:
    """It is over. 0: done as planned; 1: undone, the system serves as before; 5: the page is still up, or unknown."""

    exit_code: int
    word: str
    text: str


def steps(window: Maintenance) -> tuple[Step, ...]:
    """List the steps of a window in which nothing goes wrong."""
    return (*_before(window), *_tasks(window), *_closing(window, again=False), *_watch(window))


def following(
    window: Maintenance, done: Sequence[Done], *, left: timedelta, aborted: bool, begun: Collection[str] = ()
) -> Step | Turn | End:
    """Say what comes next; `left` is the time until the window ends.

    A step that was `begun` is waited for first, whatever else: what was tried is to be undone.
    """
    seen = {each.key: each for each in done}
    turned = seen.get(TURN)
    if turned is not None:
        return _back(window, seen, turned.text)
    for step in steps(window):
        if step.key in begun:
            return step
        if step.key not in seen:
            return _forward(window, step, seen, left=left, aborted=aborted)
        if seen[step.key].outcome is not Outcome.OK:
            return _stumbled(step, seen[step.key])
    return End(0, "done", "everything was done and verified")


def undone_in(window: Maintenance, seen: Sequence[str]) -> timedelta:
    """Tell how long it takes to undo the tasks with these keys and to let traffic in again."""
    undoing = (each.undo_takes for key, each in _numbered(window) if key in seen and _undo(each))
    return sum(undoing, window.closing)


def _forward(
    window: Maintenance, step: Step, seen: dict[str, Done], *, left: timedelta, aborted: bool
) -> Step | Turn | End:
    first, *rest = (each.key for each in (*_closing(window, again=False), *_watch(window)))
    if step.key in rest:
        return step
    if aborted:
        return Turn("it was aborted by the operator")
    if step.key == first:
        return step
    needed = step.takes + undone_in(window, [*seen, step.key])
    if step.key != "note" and left < needed:
        has, wants = text(max(left, timedelta())), text(needed)
        return Turn(f"{has} are left, and {step.title.lower()}, with undoing it all, may take {wants}")
    return step


def _stumbled(step: Step, done: Done) -> Turn | End:
    if step.key == "resume":
        return End(5, "held", f"the page may still be up: {done.text}")
    if step.key == "watch":
        return End(1, "breached", f"done and let in, but the watch saw: {done.text}")
    return Turn(f"{step.title.lower()}: {done.text}")


def _back(window: Maintenance, seen: dict[str, Done], reason: str) -> Step | End:
    failed = []
    for step in _backward(window, seen):
        if step.key not in seen:
            return step
        if seen[step.key].outcome is not Outcome.OK:
            failed.append(f"{step.title.lower()}: {seen[step.key].text}")
            if step.key.startswith(("start", "health", "resume")):
                break
    for key, task in _numbered(window):
        if key in seen and seen[key].outcome is Outcome.MIXED:
            failed.append(f"{task.task.lower()}: {seen[key].text}, fab status")
    if failed:
        up = "" if _ok(seen, "resume") or "hold" not in seen else "; the page is still up"
        return End(5, "not undone", f"{reason}; {'; '.join(failed)}{up}")
    touched = "hold" in seen
    return End(
        1, "undone", f"{reason}; {'everything was undone, and traffic is let in' if touched else 'nothing was touched'}"
    )


def _backward(window: Maintenance, seen: dict[str, Done]) -> Iterator[Step]:
    """List what undoes what was tried, in order."""
    for key, task in reversed(list(_numbered(window))):
        argv = _undo(task)
        # A deploy that failed has gone back by itself; of a command that failed nobody knows how far it came.
        if argv and key in seen and (task.kind == "command" or _ok(seen, key)):
            yield Step(f"undo-{key}", f"Undo: {task.task}", argv, task.undo_takes, own=task.kind == "command")
    if "hold" in seen and not _ok(seen, "resume"):
        before = list(seen)[: list(seen).index(TURN)]
        yield from _closing(window, again="start" in before or "health" in before)


def _ok(seen: dict[str, Done], key: str) -> bool:
    return key in seen and seen[key].outcome is Outcome.OK


def _before(window: Maintenance) -> Iterator[Step]:
    yield Step("note", "Note what runs", ("status", "--json"), LOOK)
    if window.backup:
        yield Step("backup", "Back up", ("backup.take", *CHANGES), window.backup_takes)
    yield Step("hold", "Hold traffic", ("maintenance-page", "on", "--message", window.message, *CHANGES), LOOK)
    if window.stop:
        yield Step("stop", "Stop the services", ("shutdown", *CHANGES), window.closing)


def _numbered(window: Maintenance) -> Iterator[tuple[str, Task]]:
    return ((f"task-{number}", task) for number, task in enumerate(window.tasks, start=1))


def _tasks(window: Maintenance) -> Iterator[Step]:
    for key, task in _numbered(window):
        match task.kind:
            case "vacuum":
                yield Step(key, task.task, ("database.vacuum", *CHANGES), task.takes)
            case "updates":
                words = ("updates.apply", *(("--all",) if task.updates == "all" else ()), *CHANGES)
                yield Step(key, task.task, words, task.takes)
            case "restart":
                yield Step(key, task.task, ("restart", *CHANGES), task.takes)
            case "deploy":
                yield Step(key, task.task, ("deploy", task.deploy or "", *CHANGES), task.takes)
            case _:
                yield Step(key, task.task, task.command or (), task.takes, own=True, done_when=task.done_when or ())


def _undo(task: Task) -> tuple[str, ...]:
    if task.kind == "deploy":
        return ("rollback", *CHANGES)
    return task.undo if isinstance(task.undo, tuple) else ()


def _closing(window: Maintenance, *, again: bool) -> Iterator[Step]:
    suffix = "-again" if again else ""
    if window.stop:
        yield Step(f"start{suffix}", "Start the services", ("startup", "--keep-page", *CHANGES), window.closing)
    yield Step(f"health{suffix}", "Verify", ("health", "--json"), LOOK)
    yield Step("resume", "Let traffic in", ("maintenance-page", "off", *CHANGES), LOOK)


def _watch(window: Maintenance) -> Iterator[Step]:
    if window.monitor:
        # A WARN is told, and ends nothing.
        argv = ("watch", "--json")
        yield Step("watch", "Watch", argv, window.monitor + AFTER_WATCH, good=(0, 1), lasts=window.monitor)
