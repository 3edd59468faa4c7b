"""The work of a task, with real programs: how each end is told, and that nothing outlives its deadline."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from handrail.control import task_work
from handrail.control.task_work import Outcome, told, work
from handrail.model.level import Level


@pytest.fixture
def worked(opened):
    """Do the work of one task."""

    def do(task):
        here, loaded = opened(f"one: {{when: daily 09:00, owner: me, {task}}}")
        return work(loaded.environment.system.schedule.tasks["one"], here, loaded)

    return do


def shell(script, deadline="20s"):
    return f"command: [sh, -c, {json.dumps(script)}], deadline: {deadline}"


@pytest.mark.parametrize(
    ("script", "level", "text"),
    [
        ("echo one; echo two", Level.OK, "two"),
        ("exit 0", Level.OK, "exit 0"),
        ("echo hm; exit 1", Level.WARN, "exit 1: hm"),
        ("echo no >&2; exit 2", Level.ALERT, "exit 2: no"),
        ("exit 127", Level.ALERT, "exit 127"),
        ("echo hm; kill -9 $$$$", Level.ALERT, "ended by signal 9: hm"),
        ("echo the password is very-secret-word", Level.OK, "the password is ********"),
        ("echo ${system} on ${environment}", Level.OK, "vendhub on prod"),
        ('echo "$HANDRAIL_SYSTEM $(basename $HANDRAIL_INVENTORY)"', Level.OK, "vendhub prod.py"),
        ("echo store=$HANDRAIL_STORE", Level.OK, "store="),
        ("command -v fab >/dev/null && echo found", Level.OK, "found"),
        ("read line || echo nobody types", Level.OK, "nobody types"),
    ],
)
def test_a_command_is_told_by_its_exit_code_and_its_last_line(worked, script, level, text):
    found = worked(shell(script))
    assert found.level is level
    assert text in found.text


def test_a_program_that_is_not_there_is_an_alert(worked):
    found = worked("command: [no-such-program]")
    assert found == Outcome(Level.ALERT, "cannot be run: there is no program no-such-program")


def test_a_command_that_hangs_is_ended_and_is_an_alert(worked, tmp_path):
    began = time.monotonic()
    found = worked(shell(f"echo begun; sleep 300 & echo $$! >{tmp_path}/pid; wait", deadline="1s"))
    assert found == Outcome(Level.ALERT, "not done within 1s: begun")
    assert time.monotonic() - began < 10
    assert ended(int((tmp_path / "pid").read_text()))


def ended(number):
    """Whether a process ends soon."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


def test_a_command_ends_soon_after_its_deadline_even_when_who_began_it_was_killed(tmp_path, monkeypatch):
    script = f"""
import sys
from handrail.control import task_work
task_work.BEHIND_SECONDS = 1
task_work._run(["sh", "-c", "sleep 300 & echo $! >{tmp_path}/pid; wait"], sys.modules["t"].TASK, {{}}, grace=0)
"""
    program = (
        "import sys, types; from handrail.model.schedule import Task\n"
        "t = types.ModuleType('t'); sys.modules['t'] = t\n"
        "t.TASK = Task.model_validate({'when': 'daily 09:00', 'owner': 'me', 'command': ['x'], 'deadline': '1s'})\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program + script])
    until = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        assert time.monotonic() < until
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert ended(int((tmp_path / "pid").read_text()))


def test_a_check_of_hosts_that_do_not_answer_is_an_alert_that_names_them(worked):
    found = worked("check: [disk, services]")
    assert found.level is Level.ALERT
    assert "ALERT: hosts host app1: cannot be reached" in found.text


def test_a_verb_without_hosts_is_an_alert(worked):
    found = worked("verb: logrotate")
    assert found.level is Level.ALERT
    assert "no host can be reached" in found.text


def test_the_journal_can_be_verified_as_a_task(worked, monkeypatch, tmp_path):
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/none.db")
    assert "there is no journal" in worked("verb: audit.verify").text


@pytest.fixture
def instead(monkeypatch, tmp_path):
    """Put another program in fab's place."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return (tmp_path / "fabric.py").write_text


def test_a_verb_that_hangs_is_asked_to_end_before_it_is_ended(worked, instead, tmp_path):
    """Its run puts back what it began: fab hands the signal on."""
    instead(
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(tmp_path / 'told')!r}, 'a').write('x')\n"
        "    time.sleep(0.5)\n"
        "    sys.exit(1)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "time.sleep(60)\n"
    )
    began = time.monotonic()
    found = worked("verb: disk, deadline: 2s")
    assert found == Outcome(Level.ALERT, "not done within 2s")
    assert (tmp_path / "told").read_text() == "x"
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (0, {"exit_code": 0, "outcome": "done", "text": "rotated"}, Outcome(Level.OK, "done: rotated")),
        (3, {"exit_code": 3, "outcome": "Refused", "text": "shut"}, Outcome(Level.WARN, "Refused: shut")),
        (4, {"exit_code": 4, "outcome": "LeaseHeld", "text": "held"}, Outcome(Level.WARN, "LeaseHeld: held")),
        (1, {"exit_code": 1, "outcome": "failed", "text": "x"}, Outcome(Level.ALERT, "failed: x")),
        (5, {}, Outcome(Level.ALERT, "a line before")),
    ],
)
def test_a_verb_that_was_refused_is_a_warning_and_one_that_failed_an_alert(worked, instead, code, said, expected):
    line = json.dumps(said) if said else ""
    instead(f"import sys\nprint('a line before')\nprint({line!r})\nsys.exit({code})\n")
    assert worked("verb: logrotate") == expected


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({"findings": [{"level": "WARN", "what": "disk", "text": "81 %"}], "exit_code": 1}, Level.WARN),
        ({"outcome": "HostUnreachable", "text": "AWS cannot be asked", "exit_code": 1}, Level.ALERT),
        ({}, Level.ALERT),
    ],
)
def test_a_check_that_could_not_look_is_no_warning(worked, instead, said, level):
    instead(f"import sys; print({json.dumps(said)!r}); sys.exit(1)")
    assert worked("check: daily").level is level


def test_findings_are_told_in_one_line_the_worst_first():
    findings = [
        {"check": "disk", "level": "OK", "what": "/", "host": "a", "text": "fine"},
        {"check": "disk", "level": "WARN", "what": "/", "host": "b", "text": "82 %\nmore"},
        {"check": "cpu", "level": "ALERT", "what": "", "host": "c", "text": "99 %"},
        *({"check": "cpu", "level": "WARN", "what": "", "host": f"d{n}", "text": "x"} for n in range(3)),
    ]
    assert told({"findings": findings}) == ("1 ALERT, 4 WARN, 1 OK: cpu c: 99 %; disk / b: 82 %; cpu d0: x and 2 more")
    assert told({"findings": findings[:1]}) == "1 OK"
    assert told({"findings": []}) == "nothing found"
    assert told({"summary": "3 failed, 9 passed"}) == "3 failed, 9 passed"


def test_where_there_is_no_program_to_end_the_work_it_is_done_all_the_same(worked, monkeypatch):
    monkeypatch.setattr(task_work, "_leash", lambda *_, **__: [])
    assert worked(shell("echo fine")) == Outcome(Level.OK, "fine")
