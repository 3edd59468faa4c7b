"""A list of checks, on hosts that say what a test wants them to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handrail.control import looks, tables
from handrail.control.check import check
from handrail.control.inventory import read
from handrail.control.look import Look
from handrail.errors import BadInput
from handrail.hosts.script import read_reply
from handrail.model.check import Checks
from handrail.model.host_state import Gate, HostState, UnitState
from handrail.model.level import Finding, Level, worst
from handrail.model.roles import roles_of
from handrail.model.slot import Slot
from handrail.secrets import Secret

SECRETS = {"DB_PASSWORD": Secret("one"), "REDIS_PASSWORD": Secret("two")}
RUNS = UnitState(running=True, state="active (running)")


class Answers:
    """Hosts that all say the same."""

    def __init__(self, *lines):
        self.lines = [*lines, "result ok asked"]
        self.asked = []

    def on_each(self, hosts, do):
        return {host: do(host) for host in hosts}

    def ask(self, host, command):
        self.asked.append((host, command))
        return read_reply(self.lines)


@pytest.fixture
def environment():
    return read(Path("inventories/prod.py")).load().environment


def seen(environment, *, lost=(), units=None):
    """Make a look at hosts on which everything runs on green, but for what is said."""
    services = {(name, Slot.GREEN, 1): RUNS for name in environment.system.services}
    roles = roles_of(environment)
    state = HostState(
        units=services | (units or {}), datastores={"postgresql": RUNS}, gate=Gate(confirmed=Slot.GREEN, record_token=1)
    )
    return Look(
        environment, roles, {host: state for host in roles.hosts if host not in lost}, dict.fromkeys(lost, "is gone")
    )


def checked(look, answers, *names):
    return check(look, answers, names=names, secrets=SECRETS, base=Path("inventories"))


def test_each_host_is_asked_once_for_all_its_numbers(environment):
    answers = Answers("answer memory - 10 100", "answer cpu - 1 2")
    found = checked(seen(environment), answers, "memory", "cpu", "memory")
    hosts = [host.name for host in environment.all_hosts]
    assert [host for host, _ in answers.asked] == hosts
    assert [finding.host for finding in found["memory"]] == hosts
    assert list(found) == ["memory", "cpu"]


def test_a_host_that_is_lost_is_an_alert_and_the_others_are_asked(environment):
    web = environment.groups["web"][0].name
    answers = Answers("answer memory - 10 100")
    found = checked(seen(environment, lost=[web]), answers, "memory")
    assert found["hosts"] == [Finding(Level.ALERT, "host", web, "is gone")]
    assert web not in {host for host, _ in answers.asked}
    assert {finding.level for finding in found["memory"]} == {Level.OK}


def test_no_backup_at_all_is_a_warning(environment):
    bare = type(environment)(
        environment.name, environment.system.model_copy(update={"backups": {}}), environment.groups
    )
    assert [finding.level for finding in checked(seen(bare), Answers(), "backups")["backups"]] == [Level.WARN]


DIED = ("said backend Error: STORAGE_BUCKET is not set",)
AGAIN = UnitState(running=True, state="online", restarts=500)
TIMES = "online on green, started again 500 times by itself"


@pytest.mark.parametrize(
    ("unit", "answer", "level", "words"),
    [
        (RUNS, "", "OK", "active (running) on green"),
        (AGAIN, "age backend 900", "ALERT",
         f"{TIMES}, the last time 9s ago: a variable is missing: STORAGE_BUCKET"),
        (AGAIN, "age backend ", "ALERT", f"{TIMES}: a variable is missing: STORAGE_BUCKET"),
        (AGAIN, "age backend 59999", "ALERT", None),
        (AGAIN, "age backend 60000", "WARN", f"{TIMES}, the last time 10m ago"),
        (UnitState(state="failed"), "age backend ", "ALERT", "failed on green: a variable is missing: STORAGE_BUCKET"),
        (UnitState(state="waiting restart", restarts=7), "age backend ", "ALERT",
         "waiting restart on green, started again 7 times by itself: a variable is missing: STORAGE_BUCKET"),
    ],
)  # fmt: skip
def test_a_service_is_told_by_its_live_instance(environment, unit, answer, level, words):
    idle = {("backend", Slot.BLUE, 1): UnitState(state="dead", restarts=9)}
    look = seen(environment, units={("backend", Slot.GREEN, 1): unit} | idle)
    answers = Answers(answer, *DIED)
    found = [one for one in checked(look, answers, "services")["services"] if one.what == "backend"]
    assert {one.level for one in found} == {level}
    assert words is None or {one.text for one in found} == {words}
    assert len(found) == len(environment.groups["web"])
    assert bool(answers.asked) == (unit != RUNS)


def test_a_service_whose_host_says_no_more_was_started_again_some_time(environment):
    look = seen(environment, units={("backend", Slot.GREEN, 1): AGAIN})
    answers = Answers()
    answers.lines = []
    found = [one for one in checked(look, answers, "services")["services"] if one.what == "backend"]
    assert {(one.level, one.text) for one in found} == {(Level.WARN, TIMES)}


def test_a_datastore_that_does_not_run_is_an_alert(environment):
    look = seen(environment)
    for state in look.states.values():
        state.datastores["postgresql"] = UnitState(state="inactive (dead)")
    found = [one for one in checked(look, Answers(), "services")["services"] if one.what == "postgresql"]
    assert {one.level for one in found} == {Level.ALERT}


def test_without_an_edge_nobody_knows_which_slot_is_live(environment):
    found = checked(seen(environment, lost=[environment.edge_hosts[0].name]), Answers(), "services")["services"]
    assert "which slot is live cannot be told" in found[-1].text
    assert found[-1].level is Level.ALERT


def shown(found, capsys, *, as_json):
    level = worst(finding.level for each in found.values() for finding in each)
    tables.check("sanvi on prod", "daily", found, level, as_json=as_json)
    return capsys.readouterr().out


def test_findings_are_a_table_for_people_and_one_object_for_machines(capsys):
    found = {"disk": [Finding(Level.OK, "/", "web1", "26 %"), Finding(Level.ALERT, "/", "web2", "[red]99 %")]}
    table = shown(found, capsys, as_json=False).splitlines()
    assert table[0] == "sanvi on prod: daily check, 1 ALERT, 1 OK"
    assert table[2].split() == ["ALERT", "disk", "/", "web2", "[red]99", "%"]
    told = json.loads(shown(found, capsys, as_json=True))
    assert (told["level"], told["exit_code"]) == ("ALERT", 2)
    assert told["findings"][1] == {"check": "disk", "level": "ALERT", "what": "/", "host": "web2", "text": "[red]99 %"}


def test_a_period_that_there_is_not_is_bad_input(capsys):
    with pytest.raises(SystemExit) as ended:
        looks.show_check("yearly", "inventories/prod.py", as_json=False)
    assert ended.value.code == 2
    assert "daily, weekly, monthly" in capsys.readouterr().err


def test_checks_can_be_asked_for_by_their_names_each_once():
    checks = Checks(weekly=("disk", "largest"))
    assert checks.named("errors,weekly,disk") == ("errors", "disk", "largest")
    with pytest.raises(BadInput, match=r"fab check dsk; allowed: daily, .*; did you mean disk"):
        checks.named("errors,dsk")
