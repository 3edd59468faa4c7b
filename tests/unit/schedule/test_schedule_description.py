"""The part `schedule` of a system: what is valid, and what each slip is told, with file, line and key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest

from handrail.control.inventory import read
from handrail.errors import SystemInvalid
from handrail.model import document
from handrail.model.change_plan import change_plan
from handrail.model.intent import Intent, Verb
from handrail.model.schedule import CHORES, Chore
from tasks import ns

VENDHUB = Path("inventories/vendhub.yaml").read_text()
BARE = VENDHUB[: VENDHUB.index("# What is done when.")] + VENDHUB[VENDHUB.index("\nsecrets:\n") :]
SYSTEMS = ["sanvi", "vendhub", "inventory", "marketplace"]
# Which change each verb of a schedule is; the others change nothing.
UNATTENDED = {
    "backup.take": "backup", "database.vacuum": "vacuum", "disk": "disk", "logrotate": "logrotate",
    "rehearse": "rehearse",
}  # fmt: skip


def parsed(tasks, zone="Asia/Tashkent"):
    text = f"{BARE}\nschedule:\n  time_zone: {zone}\n  tasks:\n{tasks}\n"
    return document.parse(text, source="x.yaml", environment="prod").schedule


def problem(tasks, zone="Asia/Tashkent"):
    with pytest.raises(SystemInvalid) as caught:
        parsed(tasks, zone)
    (found,) = caught.value.problems
    lines = f"{BARE}\nschedule:\n  time_zone: {zone}\n  tasks:\n{tasks}\n".splitlines()
    return found, lines[found.line - 1]


@pytest.mark.parametrize(
    ("task", "kind", "limit"),
    [
        ("{when: daily 09:00, owner: me, check: daily}", "check", "10m"),
        ("{when: daily 09:00, owner: me, check: [disk, errors]}", "check", "10m"),
        ("{when: weekly Mon 09:00, owner: me, verb: logrotate, deadline: 1h}", "verb", "60m"),
        ('{when: Mon 09:00, owner: me, command: [echo, "${system}"]}', "command", "10m"),
        ("{when: Mon 09:00, owner: me, command: echo hello}", "command", "10m"),
        ("{when: daily 09:00, owner: me, statement: look}", "statement", "480m"),
        ("{when: Mon 09:00, owner: me, statement: look}", "statement", "2880m"),
        ("{when: yearly day 1 09:00, owner: me, statement: look, deadline: 2160h}", "statement", "129600m"),
    ],
)
def test_a_task_of_each_kind(task, kind, limit):
    found = parsed(f"    one: {task}").tasks["one"]
    assert (found.kind, found.name) == (kind, "one")
    assert found.limit == timedelta(minutes=int(limit.rstrip("m")))


@pytest.mark.parametrize(
    ("task", "key", "words", "suggestion"),
    [
        ("{when: dayly 09:00, owner: me, check: daily}", "when", "'dayly'", "daily"),
        ("{when: daily 25:00, owner: me, check: daily}", "when", "the time 25:00", ""),
        ("{when: monthly day 31 09:00, owner: me, check: daily}", "when", "day 31", ""),
        ("{when: 22:30, owner: me, check: daily}", "when", "base 60", ""),
        ("{when: 09:00, owner: me, check: daily}", "when", "no day", ""),
        ("{owner: me, check: daily}", "when", "nothing", ""),
        ("{when: daily 09:00, check: daily}", "owner", "nothing", ""),
        ("{when: daily 09:00, owner: me}", "", "none of them", ""),
        ("{when: daily 09:00, owner: me, check: daily, verb: disk}", "", "check and verb", ""),
        ("{when: daily 09:00, owner: me, check: dialy}", "check", "'dialy'", "daily"),
        ("{when: daily 09:00, owner: me, check: [disk, eror]}", "check", "'eror'", "errors"),
        ("{when: daily 09:00, owner: me, check: []}", "check", "an empty list", ""),
        ("{when: daily 09:00, owner: me, verb: deploy}", "verb", "'deploy'", ""),
        ("{when: daily 09:00, owner: me, verb: logrotat}", "verb", "'logrotat'", "logrotate"),
        ("{when: daily 09:00, owner: me, chek: daily}", "chek", "unknown key 'chek'", "check"),
        ('{when: daily 09:00, owner: me, command: [echo, "${sytem}"]}', "command", "${sytem}", "${system}"),
        ("{when: daily 09:00, owner: me, command: []}", "command", "no command", ""),
        ("{when: daily 09:00, owner: me, check: daily, deadline: 25h}", "", "deadline: 25h", ""),
        ("{when: daily 09:00, owner: me, statement: look, deadline: 9}", "deadline", "9", ""),
    ],
)
def test_a_slip_is_told_with_its_line_and_its_key(task, key, words, suggestion):
    found, line = problem(f"    fine: {{when: daily 09:00, owner: me, check: daily}}\n    one: {task}")
    assert (found.file, line.strip()) == ("x.yaml", f"one: {task}")
    assert found.key == f"schedule.tasks.one{'.' * bool(key)}{key}"
    assert words in found.found
    assert found.suggestion == suggestion
    assert found.allowed


def test_a_zone_that_there_is_not_is_told():
    found, line = problem("    one: {when: daily 09:00, owner: me, check: daily}", zone="Asia/Tashkend")
    assert (found.key, line.strip()) == ("schedule.time_zone", "time_zone: Asia/Tashkend")
    assert found.suggestion == "Asia/Tashkent"


def test_a_name_of_a_task_is_a_name():
    found, _ = problem("    One Task: {when: daily 09:00, owner: me, check: daily}")
    assert "'One Task'" in found.found


def test_every_verb_is_a_task_that_exists_with_options_that_exist():
    assert set(get_args(Chore)) == set(CHORES)
    for task, *options in CHORES.values():
        known = {name for argument in ns[task].get_arguments() for name in argument.names}
        assert {option.lstrip("-") for option in options} | {"json"} <= known


def test_no_verb_moves_traffic_or_brings_a_release():
    moving = {verb for verb in Verb if verb.moves_release} - {Verb.REHEARSE}
    assert not {*moving, Verb.STARTUP, Verb.SHUTDOWN, Verb.HOLD, Verb.RESUME, Verb.SCALE, Verb.BACK} & set(CHORES)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("environment", ["prod", "staging", "dev", "lab"])
def test_the_systems_have_their_tables(system, environment):
    text = Path(f"inventories/{system}.yaml").read_text()
    schedule = document.parse(text, source=system, environment=environment).schedule
    assert len(schedule.tasks) >= 10
    assert {task.when.cadence for task in schedule.tasks.values()} >= {"weekly", "monthly"}


@pytest.mark.parametrize(
    ("task", "when", "owner"),
    [
        ("system-health", "daily 09:00", "DevOps"),
        ("log-review", "daily 09:30", "DevOps"),
        ("backup-verification", "daily 10:00", "DevOps"),
        ("security-patch-review", "weekly Mon 10:00", "Security"),
        ("performance-analysis", "weekly Tue 10:00", "DevOps"),
        ("database-maintenance", "weekly Wed 10:00", "DBA"),
        ("disk-space", "weekly Thu 10:00", "DevOps"),
        ("backup-testing", "weekly Fri 10:00", "DevOps"),
        ("dr-testing", "monthly 1st week 10:00", "DevOps & DBA"),
        ("security-scan", "monthly 2nd week 10:00", "Security"),
        ("capacity-planning", "monthly 3rd week 10:00", "DevOps & Product"),
        ("dependency-updates", "monthly 4th week 10:00", "Development"),
        ("penetration-testing", "quarterly 1st Tue 10:00", "Security"),
        ("architecture-review", "quarterly 2nd Tue 10:00", "Architecture Team"),
        ("cost-optimization", "quarterly 3rd Tue 10:00", "Finance & DevOps"),
        ("compliance-audit", "quarterly 4th Tue 10:00", "Legal & Security"),
    ],
)
def test_every_row_of_the_guide_is_a_task(task, when, owner):
    """The rows of the Sanvi guide's daily, weekly, monthly and quarterly tables, with who is responsible."""
    text = Path("inventories/sanvi.yaml").read_text()
    found = document.parse(text, source="sanvi.yaml", environment="prod").schedule.tasks[task]
    assert (str(found.when), found.owner) == (when, owner)


@pytest.mark.parametrize(
    ("system", "tasks"),
    [
        ("vendhub", {
            "morning-checklist": "Mon-Fri 08:00", "database-vacuum": "weekly Sun 03:00",
            "database-bloat": "weekly Mon 10:00", "database-reindex": "monthly 1st Sun 03:00",
            "database-indexes": "monthly 1st Mon 10:00",
        }),
        ("marketplace", {
            "daily-maintenance": "daily 07:00", "system-packages": "weekly Tue 09:00",
            "docker-images": "weekly Tue 05:00", "database-analyze": "weekly Wed 09:00",
            "certificate-expiry": "weekly Thu 09:00", "security-audit": "monthly 1st week 09:00",
            "dependency-updates": "monthly 2nd week 09:00", "performance-review": "monthly 3rd week 09:00",
            "backup-verification": "monthly 4th week 09:00",
        }),
        ("inventory", {
            "log-rotation": "weekly Sun 04:00", "restore-test": "weekly Thu 09:00", "certificates": "weekly Mon 09:00",
            "database-vacuum": "weekly Wed 09:00", "database-reindex": "monthly 1st Wed 09:00",
            "dependencies": "monthly 2nd week 09:00", "security-scans": "monthly 2nd week 10:00",
        }),
    ],
)  # fmt: skip
def test_what_the_other_runbooks_do_regularly_is_a_task(system, tasks):
    text = Path(f"inventories/{system}.yaml").read_text()
    found = document.parse(text, source=system, environment="prod").schedule.tasks
    assert {name: str(found[name].when) for name in tasks} == tasks


@pytest.mark.parametrize("environment", ["prod", "staging", "dev"])
@pytest.mark.parametrize("system", SYSTEMS)
def test_a_verb_that_runs_unattended_needs_nobodys_approval(system, environment):
    text = Path(f"inventories/{system}.yaml").read_text()
    described = document.parse(text, source=system, environment=environment)
    asked = {UNATTENDED[task.verb] for task in described.schedule.tasks.values() if task.verb in UNATTENDED}
    assert asked >= {"backup", "vacuum"}
    assert described.changes is None or asked <= set(described.changes.standard)


@pytest.mark.parametrize(
    ("system", "task", "does"),
    [
        ("sanvi", "database-backup", "backup.take"), ("sanvi", "database-maintenance", "database.vacuum"),
        ("vendhub", "database-backup", "backup.take"), ("vendhub", "database-vacuum", "database.vacuum"),
        ("inventory", "database-backup", "backup.take"), ("inventory", "database-vacuum", "database.vacuum"),
        ("inventory", "certificates", ("certificates",)), ("marketplace", "certificate-expiry", ("certificates",)),
        ("marketplace", "database-backup", "backup.take"), ("marketplace", "database-analyze", "database.vacuum"),
    ],
)  # fmt: skip
def test_what_there_is_a_verb_or_a_check_for_is_left_to_nobodys_word(system, task, does):
    text = Path(f"inventories/{system}.yaml").read_text()
    found = document.parse(text, source=system, environment="prod").schedule.tasks[task]
    assert (found.verb or found.check) == does


def test_another_schedule_asks_for_no_new_approval():
    environment = read(Path("inventories/vendhub/prod.py")).load().environment
    plan = change_plan(environment, Intent(Verb.RESTART))
    assert "schedule" not in plan["description"]
