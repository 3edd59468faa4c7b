"""What the tasks schedule.list, schedule.run, schedule.history and schedule.unit do."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.control import schedule_tables
from handrail.control.schedule_list import standings
from handrail.control.task import exits, opened, whole
from handrail.errors import BadInput
from handrail.journal.open import reader_or_none
from handrail.journal.task_runs import TaskRuns
from handrail.model.level import Level, worst

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.hosts.inventory import Loaded

MOST = 10_000


@exits
def list_tasks(inventory: str | None, *, as_json: bool) -> int:
    """Show the tasks; 1 when one is overdue. Changes nothing."""
    loaded = opened(inventory).load()
    environment, now = loaded.environment, datetime.now(UTC)
    schedule = environment.system.schedule
    with_runs = list(_read(loaded))
    past = {name: runs.newest(name) for runs in with_runs for name in schedule.tasks}
    since = with_runs[0].since(schedule.words()) if with_runs else {}
    found = standings(schedule, past, since, now)
    code = 1 if any(each.overdue for each in found) else 0
    schedule_tables.standings(environment, found, code, as_json=as_json)
    return code


@exits
def run_due_tasks(inventory: str | None, *, beside: str, as_json: bool) -> int:
    """Run what is due; the worst level is the exit code."""
    from handrail.control.schedule import run_due  # noqa: PLC0415  # each verb imports what it needs

    if beside:
        raise BadInput(f"--due runs all that are due, and {beside} is for one task", next_step="fab schedule.run --due")
    here = opened(inventory)
    loaded = here.load()
    results = run_due(here, loaded)
    schedule_tables.results(loaded.environment, results, as_json=as_json)
    return worst(result.level for result in results).rank


@exits
def run_task(inventory: str | None, name: str, *, as_json: bool) -> int:
    """Run one task now; its level is the exit code."""
    from handrail.control.schedule import Scheduler  # noqa: PLC0415
    from handrail.journal.open import writer  # noqa: PLC0415

    here = opened(inventory)
    loaded = here.load()
    with writer() as store:
        result = Scheduler(here, loaded, store).run(name)
    schedule_tables.results(loaded.environment, [result], as_json=as_json)
    return result.level.rank


@exits
def note_done(inventory: str | None, name: str, *, text: str, level: str, as_json: bool) -> int:
    """Write down what a person has done; its level is the exit code."""
    from handrail.control.schedule import Scheduler  # noqa: PLC0415
    from handrail.journal.open import writer  # noqa: PLC0415

    if level not in list(Level):
        raise BadInput(f"--level {level}; allowed: {', '.join(Level)}", next_step="--level WARN")
    here = opened(inventory)
    loaded = here.load()
    with writer() as store:
        result = Scheduler(here, loaded, store).done(name, text, Level(level))
    schedule_tables.results(loaded.environment, [result], as_json=as_json)
    return result.level.rank


@exits
def show_history(inventory: str | None, name: str, *, lines: str, as_json: bool) -> int:
    """Show what was run."""
    number = whole("--lines", lines, least=1, most=MOST, next_step="fab schedule.history")
    loaded = opened(inventory).load()
    found = [run for runs in _read(loaded) for run in runs.history(task=name, count=number)]
    if name and not found and name not in loaded.environment.system.schedule.tasks:
        raise BadInput(f"there is no task {name!r}, and there never was", next_step="fab schedule.list")
    schedule_tables.history(loaded.environment, found, as_json=as_json)
    return 0


@exits
def write_units(inventory: str | None, *, output: str) -> int:
    """Write units for systemd that run what is due, into a folder or to standard output."""
    from handrail.control.schedule_unit import units  # noqa: PLC0415

    here = opened(inventory)
    for name, text in units(here, here.load()).items():
        if output:
            Path(output).mkdir(parents=True, exist_ok=True)
            (Path(output) / name).write_text(text)
        sys.stdout.write(f"{Path(output) / name}\n" if output else f"# {name}\n{text}\n")
    return 0


def _read(loaded: Loaded) -> Iterator[TaskRuns]:
    """Give the runs that are known, where there is a store at all."""
    store = reader_or_none()
    if store is None:
        return
    with store:
        yield TaskRuns(store, system=loaded.environment.system.name, environment=loaded.environment.name)
