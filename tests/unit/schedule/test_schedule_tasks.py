"""`fab schedule.*` as an operator types it: tables and JSON, exit codes, two at once, and a run that is killed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fabric.main import program

from handrail.control import schedule_tasks
from handrail.control.inventory import read
from handrail.control.schedule import run_due
from handrail.journal.open import reader, writer
from handrail.journal.task_runs import TaskRuns
from handrail.model.level import Level
from handrail.model.occasion import Due
from tests import started

FAB = [str(Path(sys.executable).with_name("fab"))]
DAY = timedelta(days=1)
NIGHTLY = "nightly: {when: daily 00:00, owner: DevOps, command: [sh, -c, %s], deadline: 1m}"
REVIEW = "review: {when: daily 00:00, owner: Security & Co, statement: read the log, deadline: 1s}"
YEARLY = "yearly: {when: yearly day 1 10:00, owner: Security, statement: audit}"


@pytest.fixture
def due(described):
    """Give an inventory whose tasks were first seen two days ago."""

    def made(*tasks, **more):
        inventory = described(*tasks, **more)
        here = read(inventory)
        run_due(here, here.load(), datetime.now(UTC) - 2 * DAY)
        return inventory

    return made


def argv(inventory, *words):
    return [*FAB, *words, "--inventory", str(inventory)]


def fab(inventory, *words):
    return started.run(argv(inventory, *words), timeout=100)


def called(capsys, task, *words, **more):
    """Do what a task does, here: its exit code and what it printed."""
    with pytest.raises(SystemExit) as ended:
        task(*map(str, words), **more)
    return ended.value.code, capsys.readouterr()


def runs(store):
    return TaskRuns(store, system="vendhub", environment="prod")


def recorded():
    with reader() as store:
        return runs(store).history(task="", count=99)


def test_from_the_list_to_the_history(due, capsys):
    inventory = due(NIGHTLY % "'echo fine'", REVIEW, YEARLY, zone="Asia/Kolkata")
    done = fab(inventory, "schedule.run", "--due")
    assert done.returncode == 1, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows] == [["OK", "nightly"], ["WARN", "review"]]
    assert "stands for 1 earlier that was missed" in rows_of(done.stdout, "nightly")
    assert "warning schedule.missed vendhub on prod: review (Security & Co): overdue" in done.stderr
    code, said = called(capsys, schedule_tasks.list_tasks, inventory, as_json=False)
    assert code == 1
    assert "vendhub on prod: 3 tasks, times of Asia/Kolkata" in said.out
    assert rows_of(said.out, "review").endswith("overdue")
    assert " IST " in rows_of(said.out, "nightly")
    code, said = called(capsys, schedule_tasks.note_done, inventory, "review", text="read it", level="OK", as_json=True)
    assert (code, json.loads(said.out)["results"][0]["waits"]) == (0, False)
    code, said = called(capsys, schedule_tasks.list_tasks, inventory, as_json=True)
    told = json.loads(said.out)
    assert (code, told["exit_code"]) == (0, 0)
    by_name = {row["task"]: row for row in told["tasks"]}
    assert by_name["review"]["last"]["text"].startswith("read it")
    assert by_name["nightly"]["next"].endswith("T18:30:00.000Z")
    assert by_name["nightly"]["local_next"].endswith("T00:00:00+05:30")
    assert by_name["yearly"]["last"] is None
    assert [run.task for run in recorded()] == ["nightly", "review"]
    code, said = called(capsys, schedule_tasks.show_history, inventory, "nightly", lines="5", as_json=False)
    assert (code, len(said.out.splitlines())) == (0, 2)
    assert "fine" in said.out


def rows_of(text, word):
    return next(line for line in text.splitlines() if word in line).strip()


def test_nothing_is_made_by_looking(described, capsys, tmp_path):
    inventory = described(YEARLY)
    code, said = called(capsys, schedule_tasks.list_tasks, inventory, as_json=True)
    assert (code, json.loads(said.out)["tasks"][0]["due"]) == (0, "")
    assert called(capsys, schedule_tasks.show_history, inventory, "", lines="5", as_json=True)[0] == 0
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["schedule.run", "nigthly"], "did you mean nightly"),
        (["schedule.run", "nightly", "--due"], "--due runs all that are due, and nightly is for one task"),
        (["schedule.run", "--due", "--done"], "--due runs all that are due, and --done is for one task"),
        (["schedule.run", "nightly", "--done", "--level", "BAD"], "--level BAD; allowed: OK, WARN, ALERT"),
        (["schedule.history", "--lines", "none"], "--lines none; allowed: a whole number"),
        (["schedule.history", "--name", "none"], "there is no task 'none'"),
    ],
)
def test_bad_input_ends_with_two_and_says_what_to_type(described, capsys, words, text):
    # fab itself, in this process: another one takes a second to begin.
    code, said = called(capsys, program.run, argv=argv(described(NIGHTLY % "'echo fine'"), *words))
    assert code == 2
    assert text in said.err
    assert "next" in said.err


def test_without_a_name_fab_itself_asks_for_one(described, capsys):
    code, said = called(capsys, program.run, argv=argv(described(YEARLY), "schedule.run"))
    assert code == 1
    assert "did not receive required positional arguments: 'name'" in said.err


def test_two_at_once_run_it_once(due, tmp_path):
    inventory = due(NIGHTLY % f"'echo run >>{tmp_path}/effects; sleep 1'")
    both = [subprocess.Popen(argv(inventory, "schedule.run", "--due", "--json"), stdout=subprocess.PIPE) for _ in "12"]
    told = [json.loads(each.communicate(timeout=100)[0]) for each in both]
    assert sorted(len(each["results"]) for each in told) == [0, 1]
    assert (tmp_path / "effects").read_text() == "run\n"
    assert [(run.task, run.level) for run in recorded()] == [("nightly", Level.OK)]


def test_a_killed_run_is_taken_over_after_its_deadline_and_not_before(due, tmp_path):
    inventory = due(NIGHTLY % f"'echo run >>{tmp_path}/effects; test -e {tmp_path}/go || exec sleep 50'")
    process = subprocess.Popen(argv(inventory, "schedule.run", "--due"), start_new_session=True)
    until = time.monotonic() + 60
    while not (tmp_path / "effects").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "go").touch()
    here = read(inventory)
    assert run_due(here, here.load()) == []
    assert run_due(here, here.load(), datetime.now(UTC) + timedelta(minutes=3)) == []
    (result,) = run_due(here, here.load(), datetime.now(UTC) + timedelta(minutes=6))
    assert result.level is Level.OK
    assert "began it and did not end it" in result.text
    assert (tmp_path / "effects").read_text() == "run\nrun\n"
    assert len(recorded()) == 1


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 1", 1), ("exit 2", 2), ("exit 7", 2)])
def test_the_exit_code_is_the_worst_level(due, capsys, script, code):
    inventory = due(NIGHTLY % f"'{script}'", "fine: {when: daily 00:00, owner: me, command: [sh, -c, exit 0]}")
    found, said = called(capsys, schedule_tasks.run_due_tasks, inventory, beside="", as_json=True)
    told = json.loads(said.out)
    assert (found, told["exit_code"], told["level"]) == (code, code, list(Level)[code])
    assert len(told["results"]) == 2


def test_one_task_by_hand(due, capsys):
    inventory = due(NIGHTLY % "'echo fine'")
    code, said = called(capsys, schedule_tasks.run_task, inventory, "nightly", as_json=False)
    assert (code, said.out.split()[:2]) == (0, ["OK", "nightly"])


def test_a_task_that_runs_is_listed_as_such(due, capsys):
    inventory = due(NIGHTLY % "'echo fine'")
    now = datetime.now(UTC)
    with writer() as store:
        runs(store).claim("nightly", Due(now, 0), who="other@two", now=now, until=now + DAY)
    code, said = called(capsys, schedule_tasks.list_tasks, inventory, as_json=False)
    assert (code, rows_of(said.out, "nightly").split()[-1]) == (0, "runs")
    code, said = called(capsys, schedule_tasks.run_task, inventory, "nightly", as_json=True)
    assert (code, json.loads(said.out)["outcome"]) == (3, "Refused")


def test_a_task_that_went_away_keeps_its_history(due, described, capsys):
    inventory = due(NIGHTLY % "'echo fine'")
    assert called(capsys, schedule_tasks.run_due_tasks, inventory, beside="", as_json=True)[0] == 0
    described(YEARLY)
    code, said = called(capsys, schedule_tasks.show_history, inventory, "nightly", lines="5", as_json=True)
    assert (code, [run["task"] for run in json.loads(said.out)["runs"]]) == (0, ["nightly"])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze: apt-get install systemd")
def test_the_units_are_such_that_systemd_takes_them(described, tmp_path, monkeypatch, capsys):
    inventory = described(YEARLY)
    folder = tmp_path / "a folder of 100%"
    folder.mkdir()
    monkeypatch.chdir(folder)
    code, said = called(capsys, schedule_tasks.write_units, inventory, output="units")
    files = [Path(line) for line in said.out.splitlines()]
    assert (code, [file.name for file in files]) == (
        0, ["handrail-schedule-vendhub-prod.service", "handrail-schedule-vendhub-prod.timer"]
    )  # fmt: skip
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, files)], capture_output=True, text=True, timeout=60, check=False
    )
    assert [line for line in done.stderr.splitlines() if "handrail-schedule" in line] == []
    text = files[0].read_text()
    assert f"WorkingDirectory={folder}".replace("%", "%%") in text
    assert f"ExecStart={FAB[0]} schedule.run --due --inventory ../inventories/prod.py" in text
    assert "very-secret-word" not in text
    code, said = called(capsys, schedule_tasks.write_units, inventory, output="")
    assert said.out.count("# handrail-schedule") == 2
