"""A schedule on real hosts: what is due is done there, and what came of it is kept."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.control.inventory import read
from handrail.control.schedule import run_due
from handrail.journal.open import reader
from handrail.journal.task_runs import TaskRuns
from handrail.model.level import Level, worst
from tests import started
from tests.lab.controller import INVENTORY, ROOT
from tests.lab.inventory import inventory

pytestmark = pytest.mark.lab

FAB = str(Path(sys.executable).with_name("fab"))
NIGHTLY = {"when": "daily 00:00"}


@pytest.mark.usefixtures("fleet")
def test_what_is_due_is_checked_on_the_hosts_and_recorded(tmp_path, monkeypatch):
    # Of what is shipped, a check and a verb; a day of the week must not decide what is seen here.
    shipped = read(INVENTORY).load().environment.system.schedule.tasks
    tasks = dict.fromkeys(shipped) | {"system-health": NIGHTLY, "log-rotation": NIGHTLY}
    path = inventory(tmp_path, {"schedule": {"tasks": tasks}})
    for name, value in (("STORE", f"sqlite:///{tmp_path}/journal.db"), ("JOURNAL_KEY", f"{tmp_path}/keys/journal.key")):
        monkeypatch.setenv(f"HANDRAIL_{name}", value)
    here = read(path)
    assert run_due(here, here.load(), datetime.now(UTC) - timedelta(days=2)) == []

    done = started.run(
        [FAB, "schedule.run", "--due", "--json", "--inventory", str(path)],
        cwd=ROOT, timeout=200,
    )  # fmt: skip
    told = json.loads(done.stdout)
    by_name = {result["task"]: result for result in told["results"]}
    assert [*by_name] == ["log-rotation", "system-health"]
    assert by_name["log-rotation"]["level"] == "OK", told
    assert " OK" in by_name["system-health"]["text"]
    assert {result["missed"] for result in told["results"]} == {1}
    level = worst(Level(each["level"]) for each in by_name.values())
    assert (done.returncode, told["level"]) == (level.rank, level)
    assert run_due(here, here.load()) == []
    with reader() as store:
        kept = TaskRuns(store, system="sanvi", environment="lab").history(task="", count=9)
    assert {run.task: (run.level, run.text) for run in kept} == {
        name: (result["level"], result["text"]) for name, result in by_name.items()
    }
