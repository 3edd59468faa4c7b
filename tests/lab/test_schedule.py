"""A schedule on real hosts: what is due is done there, and what came of it is kept."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

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
DUMPS = "/var/backups/handrail-schedule"
BACKUPS = {"database": {"hosts": "db", "path": f"{DUMPS}/*.dump", "datastore": "postgresql"}}
VACUUMED = "runuser -u postgres -- psql -XqAt sanvi -c "
VACUUMED += "\"SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'items'\""


@pytest.fixture(autouse=True)
def journal(tmp_path, monkeypatch):
    """A journal of the test's own."""
    for name, value in (("STORE", f"sqlite:///{tmp_path}/journal.db"), ("JOURNAL_KEY", f"{tmp_path}/keys/journal.key")):
        monkeypatch.setenv(f"HANDRAIL_{name}", value)


def fab(path, *words):
    return started.run([FAB, "schedule.run", *words, "--inventory", str(path)], cwd=ROOT, timeout=200)


@pytest.mark.usefixtures("fleet")
def test_what_is_due_is_checked_on_the_hosts_and_recorded(tmp_path):
    # Of what is shipped, a check and a verb; a day of the week must not decide what is seen here.
    shipped = read(INVENTORY).load().environment.system.schedule.tasks
    tasks = dict.fromkeys(shipped) | {"system-health": NIGHTLY, "log-rotation": NIGHTLY}
    path = inventory(tmp_path, {"schedule": {"tasks": tasks}})
    here = read(path)
    assert run_due(here, here.load(), datetime.now(UTC) - timedelta(days=2)) == []

    done = fab(path, "--due", "--json")
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


def test_every_task_of_the_guides_tables_is_done_and_its_result_is_kept(fleet, tmp_path):
    # As it is shipped for production; only what asks a server of the company's is left to it.
    shipped = yaml.safe_load((ROOT / "inventories/sanvi.yaml").read_text())["schedule"]["tasks"]
    tasks = {name: None if name == "releases-can-be-fetched" else task for name, task in shipped.items()}
    path = inventory(tmp_path, {"schedule": {"tasks": tasks}, "backups": BACKUPS})
    here = read(path)
    tables = here.load().environment.system.schedule.tasks
    assert {task.when.cadence for task in tables.values()} >= {"daily", "weekly", "monthly", "quarterly"}
    # The schedule was first seen so long ago that also what comes once a year is due.
    assert run_due(here, here.load(), datetime.now(UTC) - timedelta(days=399)) == []
    fleet.sh("db", f"rm -rf {DUMPS}")
    vacuumed = int(fleet.sh("db", VACUUMED))

    told = json.loads(fab(path, "--due", "--json").stdout)["results"]
    assert {each["task"] for each in told} == set(tables)
    people = [name for name, task in tables.items() if task.statement]
    for name in people:
        done = fab(path, name, "--done", "--text", f"{name} was done and nothing found")
        assert done.returncode == 0, done.stderr
    with reader() as store:
        runs = TaskRuns(store, system="sanvi", environment="lab")
        kept = {name: runs.newest(name, 1)[0] for name in tables}
    for name, task in tables.items():
        match task.kind:
            case "check":
                assert re.match(r"\d+ (OK|WARN|ALERT)", kept[name].text), kept[name]
            case "verb":
                assert kept[name].level is Level.OK, kept[name]
            case _:
                assert kept[name].text.startswith(f"{name} was done"), kept[name]
    assert len(fleet.sh("db", f"ls {DUMPS}/*.dump").split()) == 1
    fleet.eventually("it is vacuumed, once", lambda: int(fleet.sh("db", VACUUMED)) == vacuumed + 1, seconds=10)
    fleet.sh("db", f"rm -rf {DUMPS}")
