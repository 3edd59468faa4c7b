"""Numbers of a host: how they are asked for, read, and judged by the thresholds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from handrail.control.check import judged
from handrail.control.inventory import read
from handrail.control.look import Look
from handrail.errors import SystemInvalid
from handrail.hosts.vitals import ask
from handrail.model import document
from handrail.model.host_state import HostState, UnitState
from handrail.model.level import Level, worst
from handrail.model.roles import roles_of
from handrail.model.slot import Slot
from handrail.model.threshold import ConnectionThreshold, PoolThreshold
from handrail.model.vitals import Cache, Connections, Cpu, Disk, Dump, Errors, Failure, Memory, Traffic, size
from handrail.secrets import MASK, Secret

SANVI = Path("inventories/sanvi.yaml").read_text()
SYSTEM = document.parse(SANVI, source="sanvi.yaml", environment="prod")


def described(extra):
    """Lay keys over the example."""
    return SANVI.replace("environments:\n  prod: {}\n", f"environments:\n  prod:\n{extra}\n")


def system(extra):
    return document.parse(described(extra), source="sanvi.yaml", environment="prod")


def hours(number):
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("vital", "level"),
    [
        (Cpu(70, 100), "OK"), (Cpu(71, 100), "WARN"), (Cpu(90, 100), "WARN"), (Cpu(91, 100), "ALERT"),
        (Cpu(100, 70), "OK"), (Cpu(100, 91), "ALERT"),
        (Memory(80, 0), "OK"), (Memory(81, 0), "WARN"), (Memory(91, 0), "ALERT"),
        (Disk(80, 80, 0), "OK"), (Disk(81, 0, 0), "WARN"), (Disk(0, 81, 0), "WARN"), (Disk(91, 0, 0), "ALERT"),
        (Traffic(100, 0, 500), "OK"), (Traffic(100, 0, 501), "WARN"), (Traffic(100, 0, 1001), "ALERT"),
        (Traffic(100, 1, 0), "OK"), (Traffic(1000, 11, 0), "WARN"), (Traffic(100, 5, 0), "WARN"),
        (Traffic(100, 6, 0), "ALERT"), (Traffic(100, 2, 2000), "ALERT"),
        (Traffic(19, 9, 9999), "OK"), (Traffic(19, 10, 0), "ALERT"), (Traffic(19, 19, 0), "ALERT"),
        (Traffic(3, 3, 0), "ALERT"), (Traffic(3, 2, 0), "WARN"), (Traffic(1, 1, 0), "WARN"),
        (Traffic(20, 20, 0), "ALERT"), (Traffic(0, 0, 0), "OK"),
        (Connections(0, 80, 100), "OK"), (Connections(0, 81, 100), "WARN"), (Connections(0, 91, 100), "ALERT"),
        (Connections(0, 91, 200), "OK"),
        (Cache(80, 100), "OK"), (Cache(81, 100), "WARN"), (Cache(91, 100), "ALERT"), (Cache(10**12, 0), "OK"),
        (Errors(10), "OK"), (Errors(11), "WARN"), (Errors(101), "ALERT"),
        (Dump(hours(-0.05), 1, "d"), "OK"), (Dump(hours(-1), 1, "d"), "WARN"), (Dump(hours(26), 1, "d"), "OK"),
        (Dump(hours(26.1), 1, "d"), "WARN"), (Dump(hours(50.1), 1, "d"), "ALERT"),
        (Dump(hours(1), 0, "d"), "ALERT"), (Failure("no answer"), "ALERT"),
    ],
    ids=str,
)  # fmt: skip
def test_a_number_is_judged_by_its_threshold_which_is_itself_still_good(vital, level):
    assert vital.judged(SYSTEM)[0] == level


def test_what_is_judged_says_its_numbers():
    assert Traffic(200, 3, 12, 4).judged(SYSTEM)[1] == "p95 12 ms, 1.5 % of 200 requests failed, 4 got the hold page"
    assert "few requests, but half of them" in Traffic(19, 19, 12).judged(SYSTEM)[1]
    assert Traffic(3, 1, 12).judged(SYSTEM)[1].endswith("too few to judge, 20 are wanted")
    assert Connections(3, 20, 100).judged(SYSTEM)[1] == "20 of 100 connections (20 %), 3 active"
    assert Dump(hours(27.5), 2048, "/b/x.dump").judged(SYSTEM)[1] == "27h30m old, 2 KiB, /b/x.dump"
    assert Errors(9, ((8, "one"), (1, "two"))).judged(SYSTEM)[1] == "9 error lines in 24 h\n8 x one\n1 x two"
    assert [size(n) for n in (1023, 1024, 5 << 20, 3 << 30)] == ["1023 B", "1 KiB", "5 MiB", "3.0 GiB"]


def test_the_worst_of_nothing_is_ok():
    assert worst([]) is Level.OK
    assert worst([Level.WARN, Level.ALERT, Level.OK]) is Level.ALERT
    assert [level.rank for level in (Level.OK, Level.WARN, Level.ALERT)] == [0, 1, 2]


# As each system's runbook has them, in the words of its YAML.
RUNBOOKS = {
    "vendhub": """
        cpu: {warn: 70, alert: 90}, memory: {warn: 80, alert: 95}, disk: {warn: 80, alert: 90},
        p95: {warn: 500ms, alert: 2s}, errors: {warn: 1, alert: 5}, connections: {active: {warn: 50, alert: 80}},
        redis_memory: {warn: 80, alert: 90}""",
    "inventory": """
        p95: {warn: 1s, alert: 2s}, errors: {warn: 0.5, alert: 1}, cpu: {warn: 80, alert: 90},
        memory: {warn: 85, alert: 95}, disk: {warn: 90, alert: 95},
        connections: {pool: {size: 10, warn: 80, alert: 90}}""",
    "marketplace": """
        p95: {warn: 2s, alert: 5s}, errors: {warn: 1, alert: 5}, cpu: {warn: 80, alert: 90},
        memory: {warn: 85, alert: 95}, disk: {warn: 80, alert: 90}, connections: {warn: 80, alert: 90}""",
    "sanvi": "over: 5m",
}


@pytest.mark.parametrize("name", RUNBOOKS)
def test_each_system_is_judged_by_the_thresholds_of_its_runbook(name):
    path = Path(f"inventories/{name}.yaml")
    described = document.parse(path.read_text(), source=path.name, environment="prod")
    assert described.thresholds == system(f"    thresholds: {{{RUNBOOKS[name]}}}").thresholds


def judged_connections(name, active, total, most, pools=0):
    path = Path(f"inventories/{name}.yaml")
    described = document.parse(path.read_text(), source=path.name, environment="prod")
    return Connections(active, total, most, pools).judged(described)


@pytest.mark.parametrize(
    ("name", "numbers", "level"),
    [
        # more than 50, and than 80, in the state `active`, whatever PostgreSQL takes at the most
        ("vendhub", (50, 60, 400), "OK"), ("vendhub", (51, 60, 400), "WARN"), ("vendhub", (81, 90, 400), "ALERT"),
        ("vendhub", (1, 79, 100), "OK"), ("vendhub", (1, 91, 100), "ALERT"),
        # more than 80 % of the pools of the instances that run, ten connections each
        ("inventory", (1, 16, 100, 2), "OK"), ("inventory", (1, 17, 100, 2), "WARN"),
        ("inventory", (1, 19, 100, 2), "ALERT"), ("inventory", (1, 19, 100, 4), "OK"),
        ("inventory", (0, 3, 100, 0), "OK"), ("inventory", (1, 91, 100, 20), "ALERT"),
    ],
)  # fmt: skip
def test_connections_are_counted_as_the_runbook_counts_them(name, numbers, level):
    assert judged_connections(name, *numbers)[0] == level


def test_connections_say_of_what_they_are_a_share():
    assert judged_connections("inventory", 1, 17, 100, 2)[1] == (
        "17 of 100 connections (17 %), 1 active; 85 % of 2 pools of 10"
    )


def test_pools_are_those_of_the_instances_that_run_and_need_the_database(environment):
    runs = HostState(
        units={("backend", slot, number): UnitState(running=number == 1) for slot in Slot for number in (1, 2)}
        | {("frontend", Slot.BLUE, 1): UnitState(running=True)}
    )
    look = Look(environment, roles_of(environment), {"web1": runs, "web2": runs}, {})
    limits = environment.system.thresholds.model_copy(
        update={"connections": ConnectionThreshold(pool=PoolThreshold(size=5, warn=80, alert=90))}
    )
    look = replace(
        look,
        environment=type(environment)(
            environment.name, environment.system.model_copy(update={"thresholds": limits}), environment.groups
        ),
    )
    told = {"db": {("connections", "postgresql"): Connections(0, 17, 100)}}
    assert judged(look, told, "connections", {})[0].text.endswith("85 % of 4 pools of 5")


@pytest.mark.parametrize(
    ("slip", "message"),
    [
        ("thresholds: {disk: {warn: 90, alert: 90}}", "thresholds.disk.warn: found 90; allowed: less than alert"),
        ("thresholds: {p95: {warn: 1m, alert: 2s}}", "thresholds.p95.warn: found '1m'; allowed: less than alert"),
        ("thresholds: {connections: {warn: 90}}", "thresholds.connections.warn: found 90; allowed: less than alert"),
        (
            "thresholds: {connections: {active: {warn: 9, alert: 8}}}",
            "thresholds.connections.active.warn: found 9; allowed: less than alert, which is 8",
        ),
        ("thresholds: {cpu: {warn: 1, alert: 101}}", "thresholds.cpu.alert: found 101; allowed: a number"),
        ("checks: {daily: [helth]}", "checks.daily[0]: found 'helth'"),
        ("backups: {x: {hosts: dbs, path: /b/*.dump}}", "backups.x.hosts: found 'dbs'; allowed: a group of the system"),
        ("backups: {x: {hosts: db, path: /b/../etc}}", "backups.x.path: found '/b/../etc'"),
    ],
)
def test_a_slip_is_refused_with_its_line(slip, message):
    text = described(f"    {slip}")
    line = next(number for number, each in enumerate(text.splitlines(), 1) if slip in each)
    with pytest.raises(SystemInvalid) as refused:
        document.parse(text, source="sanvi.yaml", environment="prod")
    assert f"sanvi.yaml:{line}: environments.prod.{message}" in str(refused.value)


@pytest.fixture
def environment():
    return read(Path("inventories/prod.py")).load().environment


def asks(environment, host, *checks):
    passwords = {"postgresql": "pg", "redis": "rd"}
    found = ask(environment, host, checks, passwords=passwords, seconds=300)
    return found.questions if found else None


def test_each_host_is_asked_for_what_runs_there(environment):
    edge, web, db = (environment.groups[name][0].name for name in ("edge", "web", "db"))
    checks = ("traffic", "errors", "connections", "cache", "backups")
    assert asks(environment, edge, *checks) == (("traffic", "-"),)
    assert asks(environment, web, *checks) == (("errors", "backend"), ("errors", "frontend"))
    assert asks(environment, db, *checks) == (
        ("errors", "postgresql"),
        ("errors", "redis"),
        ("connections", "postgresql"),
        ("cache", "redis"),
        ("backups", "database"),
    )
    assert asks(environment, db, "traffic", "services", "health") is None


def test_passwords_are_never_in_the_words_of_a_command(environment):
    db = environment.groups["db"][0].name
    command = ask(
        environment, db, ["cache", "connections"], passwords={"postgresql": "pg", "redis": "rd"}, seconds=1
    ).command
    assert command.stdin == "rd\npg\n"
    assert not {"pg", "rd"} & set(command.argv)
    assert "rd" not in str(command)


def test_what_programs_logged_is_shown_without_secrets(environment):
    look = Look(environment, roles_of(environment), {}, {})
    lines = "connect postgres://sanvi:hunter2@db failed with v&lue and v%26lue, token: abc"
    told = {"web1": {("errors", "backend"): Errors(1, ((1, lines),))}}
    text = judged(look, told, "errors", {"DB_PASSWORD": Secret("v&lue")})[0].text
    assert text.splitlines()[1].endswith(f"connect postgres://{MASK}@db failed with {MASK} and {MASK}, token: {MASK}")


def test_a_secret_is_not_shown_by_halves(environment):
    look = Look(environment, roles_of(environment), {}, {})
    secret = "x" * 40 + "\n" + "y" * 40
    lines = f"Error: {'.' * 180}{'x' * 40} {'y' * 40}"
    told = {"web1": {("errors", "backend"): Errors(1, ((1, lines),))}}
    text = judged(look, told, "errors", {"KEY": Secret(secret)})[0].text
    assert "xx" not in text
    assert "yy" not in text
