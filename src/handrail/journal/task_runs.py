"""Runs of scheduled tasks: an occasion is claimed before it is run, so that it is run once whoever else is at work."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from handrail.errors import Refused
from handrail.journal import task_tables
from handrail.journal.record import Entry, Retention, clean, written
from handrail.journal.task_tables import RUNS, TASKS, moment
from handrail.model.level import Level
from handrail.model.occasion import Past

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.engine import Connection

    from handrail.journal.store import Store
    from handrail.model.occasion import Due

# So many of a task's newest runs tell what is due.
NEWEST = 20
# How long the end of a run is tried to be written down, and the pause between two tries; a claim lasts longer.
PATIENCE_SECONDS, PAUSE_SECONDS = 60, 1
# The kind of a record in the journal.
KIND = "task"
C = RUNS.c


class TaskRuns:
    """The runs of one environment's tasks, in the store of the journal."""

    def __init__(self, store: Store, *, system: str, environment: str) -> None:
        self._store = store
        self._whose = {"system": system, "environment": environment}
        self._there = store.reading(task_tables.are_there)

    def see(self, tasks: Mapping[str, str], *, now: datetime) -> None:
        """Note the tasks, with the words that say when they are due; what is new or otherwise counts from now on."""
        if self._there and self.since(tasks).keys() == tasks.keys():
            return
        self._store.change(lambda connection: self._note(connection, tasks, now))
        self._there = True

    def since(self, tasks: Mapping[str, str]) -> dict[str, datetime]:
        """Tell since when tasks count; what was never seen, or is due otherwise now, is left out."""
        return {name: since for name, (words, since) in self._seen().items() if tasks.get(name) == words}

    def newest(self, task: str, count: int = NEWEST) -> list[Past]:
        """Give the newest occasions of a task, the newest last."""
        return self._read(C.task == task, C.occasion, count)

    def history(self, *, task: str, count: int) -> list[Past]:
        """Give what was run last, of one task or of all, the newest last."""
        return self._read(C.task == task if task else C.task != "", C.started, count)

    def claim(self, task: str, found: Due, *, who: str, now: datetime, until: datetime) -> Past | None:
        """Take an occasion, before it is run. Gives nothing when somebody has run it or is at the task."""
        mine = Past(task, found.occasion, now, until, who, run=secrets.token_hex(6), missed=found.missed)
        return self._store.change(lambda connection: self._claim(connection, mine, now))

    def end(self, run: Past, *, ended: datetime, level: Level, text: str, lasting: bool = False) -> Past | None:
        """Write down how a run went, here and in the journal; nothing when somebody else has taken it over.

        A store that is away is waited for: what was done must not be done again because nobody could write it down.
        What a person said is `lasting`: it is kept as long as changes are.
        """
        import tenacity  # noqa: PLC0415  # 0.1 s that looking need not wait for

        done = replace(run, ended=ended, level=level, text=str(clean(text)).replace("\0", ""))
        retention = Retention.CHANGE if lasting else Retention.ACCESS
        patiently = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Refused),
            stop=tenacity.stop_after_delay(PATIENCE_SECONDS),
            wait=tenacity.wait_fixed(PAUSE_SECONDS),
            reraise=True,
        )
        mine = patiently(self._store.change, lambda connection: self._end(connection, done, retention))
        return done if mine else None

    def miss(self, task: str, found: Due, *, who: str, now: datetime, text: str) -> Past | None:
        """Write down that people have left an occasion for too long; nothing when that is known, or it was done."""
        mine = Past(
            task, found.occasion, now, now, who, run=secrets.token_hex(6), ended=now, level=Level.WARN, text=text,
            missed=found.missed, open=True,
        )  # fmt: skip
        return self._store.change(lambda connection: self._miss(connection, mine))

    def _seen(self) -> dict[str, tuple[str, datetime]]:
        if not self._there:
            return {}
        wanted = select(TASKS).where(*self._mine(TASKS))
        rows = self._store.reading(lambda connection: connection.execute(wanted).all())
        return {row.task: (row.words, moment(row.since)) for row in rows}

    def _note(self, connection: Connection, tasks: Mapping[str, str], now: datetime) -> None:
        task_tables.make(connection)
        rows = connection.execute(select(TASKS.c.task, TASKS.c.words).where(*self._mine(TASKS)))
        known = {row.task: row.words for row in rows}
        for name, words in tasks.items():
            values = {"words": words, "since": written(now)}
            if name not in known:
                connection.execute(insert(TASKS), self._whose | {"task": name} | values)
            elif known[name] != words:
                connection.execute(update(TASKS).where(*self._mine(TASKS), TASKS.c.task == name).values(values))

    def _read(self, which: Any, order: Any, count: int) -> list[Past]:
        if not self._there:
            return []
        wanted = select(RUNS).where(*self._mine(RUNS), which).order_by(order.desc()).limit(count)
        return self._store.reading(lambda connection: [*map(task_tables.read, connection.execute(wanted))])[::-1]

    def _claim(self, connection: Connection, mine: Past, now: datetime) -> Past | None:
        rows = connection.execute(select(RUNS).where(*self._mine(RUNS), C.task == mine.task, self._not_over(mine, now)))
        known = [task_tables.read(row) for row in rows]
        for each in known:
            dead, here = each.died(now), each.occasion == mine.occasion
            if not dead and not (each.open and here):
                return None
        for each in known:
            if each.died(now) and each.occasion != mine.occasion:
                text = f"the run that {each.who} began at {written(each.started)} never ended"
                self._end(connection, replace(each, ended=now, level=Level.ALERT, text=text), Retention.ACCESS)
        before = next((each for each in known if each.occasion == mine.occasion), None)
        if before is None:
            connection.execute(insert(RUNS), self._whose | task_tables.row(mine))
            return mine
        taken = mine if before.open else replace(mine, text=f"taken over: {before.who} began it and did not end it")
        taken = replace(taken, missed=max(before.missed, mine.missed))
        connection.execute(update(RUNS).where(*self._at(before)).values(task_tables.row(taken)))
        return taken

    def _not_over(self, mine: Past, now: datetime) -> Any:
        """What stands in the way: runs that have not ended, and what is this occasion or a later one."""
        later = (C.occasion >= written(mine.occasion)) & (C.occasion <= written(now))
        return (C.ended == "") | later

    def _end(self, connection: Connection, done: Past, retention: Retention) -> bool:
        mine = (*self._at(done), C.run == done.run)
        if not connection.execute(update(RUNS).where(*mine).values(task_tables.row(done))).rowcount:
            return False
        self._store.add(connection, Entry(KIND, self._body(done), retention))
        return True

    def _miss(self, connection: Connection, mine: Past) -> Past | None:
        same = select(C.occasion).where(*self._mine(RUNS), C.task == mine.task, C.occasion >= written(mine.occasion))
        if connection.execute(same.limit(1)).first() is not None:
            return None
        connection.execute(insert(RUNS), self._whose | task_tables.row(mine))
        self._store.add(connection, Entry(KIND, self._body(mine), Retention.ACCESS))
        return mine

    def _body(self, run: Past) -> dict[str, Any]:
        seconds = (run.ended - run.started).total_seconds() if run.ended else 0.0
        told = task_tables.row(run) | {"outcome": run.level or "", "seconds": seconds}
        return self._whose | {name: value for name, value in told.items() if name not in {"until", "level"}}

    def _mine(self, table: Any) -> tuple[Any, ...]:
        return tuple(table.c[name] == value for name, value in self._whose.items())

    def _at(self, run: Past) -> tuple[Any, ...]:
        return (*self._mine(RUNS), C.task == run.task, C.occasion == written(run.occasion))
