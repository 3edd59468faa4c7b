"""Run the tasks of a schedule that are due: each occasion once, whoever else is at work, and what was missed once.

`run_due` is what `fab schedule.run --due` calls, and what a worker may call each minute.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from handrail.checklist import one_line
from handrail.checklist.variables import mask_here
from handrail.control import schedule_news, task_work
from handrail.control.schedule_result import Result
from handrail.control.show import warning
from handrail.control.task_work import Outcome
from handrail.errors import BadInput, HandrailError, Refused
from handrail.journal.open import writer
from handrail.journal.operator import operator
from handrail.journal.task_runs import TaskRuns
from handrail.model import moment
from handrail.model.finding import near
from handrail.model.level import Level, worst
from handrail.model.occasion import SKEW, Due, due, is_overdue
from handrail.model.zone import shown

if TYPE_CHECKING:
    from handrail.control.inventory import Inventory
    from handrail.control.schedule_news import Tell
    from handrail.hosts.inventory import Loaded
    from handrail.journal.store import Store
    from handrail.model.occasion import Past
    from handrail.model.schedule import Task

# Beside its deadline, what a run may take to be ended and written down.
END = timedelta(seconds=task_work.GRACE_SECONDS + 2 * task_work.BEHIND_SECONDS)


class Work(Protocol):
    """What does a task."""

    def __call__(self, task: Task, here: Inventory, loaded: Loaded) -> Outcome:
        """Do it, within its deadline."""


@dataclass(frozen=True)
class Seams:
    """What stands between a schedule and the world: whoever is told, and what does a task."""

    tell: Tell = schedule_news.tell
    work: Work = task_work.work


def run_due(here: Inventory, loaded: Loaded, now: datetime | None = None, seams: Seams | None = None) -> list[Result]:
    """Run every task that is due and that nobody else runs, the oldest first; tell who waits for people."""
    with writer() as store:
        return Scheduler(here, loaded, store, now, seams).run_due()


class Scheduler:
    """The tasks of one environment, on the store that knows their runs."""

    def __init__(
        self, here: Inventory, loaded: Loaded, store: Store, now: datetime | None = None, seams: Seams | None = None
    ) -> None:
        """Note the tasks that are new, so that they count from now on."""
        self._here, self._loaded, self._seams = here, loaded, seams or Seams()
        self._begin, self._began = (now or datetime.now(UTC)).astimezone(UTC), time.monotonic()
        self._environment = loaded.environment
        schedule = self._environment.system.schedule
        self.tasks, self.zone = schedule.tasks, ZoneInfo(schedule.time_zone)
        self._runs = TaskRuns(store, system=self._environment.system.name, environment=self._environment.name)
        words = schedule.words()
        self._runs.see(words, now=self._begin)
        self._since = self._runs.since(words)

    def run_due(self) -> list[Result]:
        """Run what is due, the oldest first."""
        found = [(each, task) for task in self.tasks.values() if (each := self._due(task)) is not None]
        found.sort(key=lambda pair: (pair[0].occasion, pair[1].name))
        results = [self._asked(task, each) if task.statement else self._ran(task, each) for each, task in found]
        return [result for result in results if result is not None]

    def run(self, name: str) -> Result:
        """Run one task now; it stands for what is due of it. Raises Refused when somebody else runs it."""
        task = self._named(name)
        if task.statement:
            raise BadInput(
                f"{name} is done by people ({task.owner}): {task.statement}",
                next_step=f'fab schedule.run {name} --done --text "…"',
            )
        result = self._ran(task, self._due(task) or self._at_once())
        if result is None:
            raise self._taken(name)
        return result

    def done(self, name: str, text: str, level: Level) -> Result:
        """Write down what a person has done."""
        task = self._named(name)
        if not task.statement:
            raise BadInput(f"{name} is done by its {task.kind}", next_step=f"fab schedule.run {name}")
        if not text:
            raise BadInput("say what was done and found", next_step=f'fab schedule.run {name} --done --text "…"')
        said = self._masked(text)
        found, now = self._due(task) or self._at_once(), self._now()
        late = bool(self._lateness(task, found))
        run = self._runs.claim(name, found, who=operator(), now=now, until=now + SKEW)
        ended = run and self._runs.end(run, ended=now, level=level, text=said + self._said(task, found), lasting=True)
        if not ended:
            raise self._taken(name)
        self._news(task, ended, late=late)
        return Result(task, found, level, ended.text, ended)

    def _ran(self, task: Task, found: Due) -> Result | None:
        """Claim an occasion, do the work, write down what came of it, and tell; nothing when others are at it."""
        now = self._now()
        run = self._runs.claim(task.name, found, who=operator(), now=now, until=now + task.limit + END + SKEW)
        if run is None:
            return None
        late = self._said(task, found, run.text)
        try:
            outcome = self._outcome(task)
        except BaseException:
            self._runs.end(run, ended=self._now(), level=Level.ALERT, text=f"interrupted{late}")
            raise
        was = f"it was {outcome.level}: {outcome.text}"
        try:
            ended = self._runs.end(run, ended=self._now(), level=outcome.level, text=outcome.text + late)
        except HandrailError as error:
            return Result(task, found, Level.ALERT, f"NOT IN THE JOURNAL, {error.message}; {was}", run)
        if ended is None:
            text = f"took too long, and somebody else has taken it over; {was}"
            return Result(task, found, worst((Level.WARN, outcome.level)), text, run)
        self._news(task, ended, late=bool(found.late(now)))
        return Result(task, found, ended.level or Level.OK, ended.text, ended)

    def _outcome(self, task: Task) -> Outcome:
        try:
            return self._seams.work(task, self._here, self._loaded)
        except HandrailError as error:
            return Outcome(Level.ALERT, self._masked(error.message))
        except Exception as error:  # noqa: BLE001  # one task that goes wrong must not hold up the others
            return Outcome(Level.ALERT, self._masked(f"{type(error).__name__}: {error}"))

    def _masked(self, text: str) -> str:
        """Take out secrets, and what no line of a table can show."""
        return one_line(text, mask_here(self._environment.system, base=self._loaded.base), most=task_work.TEXT_LETTERS)

    def _asked(self, task: Task, found: Due) -> Result:
        """Say that a person has something to do; once it is overdue, write that down."""
        now, until = self._now(), shown(found.occasion + task.limit, self.zone)
        if not is_overdue(task, found, now=now):
            return Result(task, found, Level.OK, f"{task.owner} has until {until}: {task.statement}")
        text = f"overdue since {until}: {task.statement}"
        run = self._runs.miss(task.name, found, who=operator(), now=now, text=text)
        if run:
            self._news(task, run, late=True)
        return Result(task, found, Level.WARN, text, run)

    def _said(self, task: Task, found: Due, before: str = "") -> str:
        """Say what a result stands for besides itself, and what was before it."""
        words = []
        if late := self._lateness(task, found):
            words.append(f"{moment.span(late)} late")
        if found.missed:
            words.append(f"stands for {found.missed} earlier that {'was' if found.missed == 1 else 'were'} missed")
        words += [before] if before else []
        return f" ({'; '.join(words)})" if words else ""

    def _lateness(self, task: Task, found: Due) -> timedelta:
        """How late it is; a person who keeps the deadline is not late."""
        now = self._now()
        return timedelta() if task.statement and not is_overdue(task, found, now=now) else found.late(now)

    def _news(self, task: Task, run: Past, *, late: bool) -> None:
        for event, facts in schedule_news.news(task, run, self.zone, late=late):
            try:
                self._seams.tell(self._loaded, event, facts, key=schedule_news.key_of(run))
            except Exception as error:  # noqa: BLE001  # it is written down; who cannot be told holds nobody up
                warning(f"{event} of {task.name} could not be told: {type(error).__name__}: {error}")

    def _named(self, name: str) -> Task:
        if name not in self.tasks:
            close = near(name, self.tasks)
            hint = f"; did you mean {close}?" if close else ""
            known = ", ".join(self.tasks) or "none"
            raise BadInput(f"there is no task {name!r}; there are: {known}{hint}", next_step="fab schedule.list")
        return self.tasks[name]

    def _taken(self, name: str) -> Refused:
        newest = self._runs.newest(name, 1)
        who = f"{newest[0].who} since {shown(newest[0].started, self.zone)}" if newest else "somebody else"
        return Refused(f"{name} is being run by {who}", next_step=f"fab schedule.history --name {name}")

    def _due(self, task: Task) -> Due | None:
        past = self._runs.newest(task.name)
        return due(task, self.zone, past, since=self._since[task.name], now=self._now())

    def _at_once(self) -> Due:
        """Give an occasion of its own to what is run though it is not due, as exact as records are."""
        now = self._now()
        return Due(now.replace(microsecond=now.microsecond // 1000 * 1000), 0)

    def _now(self) -> datetime:
        return self._begin + timedelta(seconds=time.monotonic() - self._began)
