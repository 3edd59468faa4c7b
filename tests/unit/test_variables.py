"""Variables are compared by salted digests: what is missing, empty or stale is named, and no value is ever told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from handrail.control import tables
from handrail.control.inventory import read
from handrail.control.look import Look
from handrail.control.variables import Variables, chosen, variables
from handrail.errors import BadInput
from handrail.hosts.script import Reply, read_reply
from handrail.hosts.survey import instances_on
from handrail.hosts.variables import compare, read_programs
from handrail.model.fleet import Outcome
from handrail.model.host_state import HostState
from handrail.model.level import Level
from handrail.model.roles import roles_of
from handrail.model.slot import Slot
from handrail.model.variable import Needed, Program, State, findings
from handrail.secrets import Secret
from tests.unit.host_folder import Host

PASSWORD = "s3cr3t $(id); 'quoted'"
TEXT = "one\ntwo = three \\ é"


@pytest.fixture
def environment():
    return read(Path("inventories/prod.py")).load().environment


@pytest.fixture
def backend(environment):
    services = [environment.system.services["backend"]]
    return next(one for one in instances_on(environment.system, services) if one.slot is Slot.BLUE)


@pytest.fixture
def program():
    """Start a program with these variables, and give the command that tells its number."""
    begun = []

    def start(**values):
        begun.append(subprocess.Popen([sys.executable, "-c", "input()"], env=values, stdin=subprocess.PIPE))
        return f"echo {begun[-1].pid}"

    yield start
    for each in begun:
        each.communicate(b"\n", timeout=10)


def compared(tmp_path, monkeypatch, instance, pid, expected):
    """Run the script on this machine, and give what it says of one instance."""
    monkeypatch.setattr("handrail.hosts.variables.shell_line", lambda _: pid)
    command = compare({instance: expected})
    reply = Host(tmp_path).run("variables", arguments=command.arguments[2:], stdin=command.stdin)
    assert reply.outcome is Outcome.OK, reply
    (found,) = read_programs(reply, "web1", [instance])
    return found, reply, command


def test_each_variable_is_ok_missing_empty_stale_or_unknown(tmp_path, monkeypatch, backend, program):
    pid = program(NOT_SAME="y", SAME=TEXT, PASSWORD=PASSWORD, OLD="before", BLANK="", KEPT="x", WAS_BLANK="no")
    expected = {
        "SAME": TEXT, "PASSWORD": Secret(PASSWORD), "OLD": "after", "BLANK": "filled", "GONE": "x", "KEPT": None,
        "WAS_BLANK": "",
    }  # fmt: skip
    found, _, _ = compared(tmp_path, monkeypatch, backend, pid, expected)
    assert found.states == {
        "SAME": State.OK, "PASSWORD": State.OK, "OLD": State.STALE, "BLANK": State.EMPTY, "GONE": State.MISSING,
        "KEPT": State.UNKNOWN, "WAS_BLANK": State.STALE,
    }  # fmt: skip
    assert found.trouble == ""


@pytest.mark.parametrize("value", ["", "x", "x ", "x\n", "\n", "a=b", "é", "$(id)", "'\"\\", "x" * 5000])
def test_values_are_compared_byte_for_byte(tmp_path, monkeypatch, backend, program, value):
    pid = program(ONE=value)
    found, _, _ = compared(tmp_path, monkeypatch, backend, pid, {"ONE": value})
    assert found.states["ONE"] is (State.OK if value else State.EMPTY)


def test_a_newline_more_is_stale(tmp_path, monkeypatch, backend, program):
    pid = program(ONE="x\n")
    assert compared(tmp_path, monkeypatch, backend, pid, {"ONE": "x"})[0].states["ONE"] is State.STALE


def test_no_value_goes_to_the_host_or_comes_back(tmp_path, monkeypatch, backend, program):
    pid = program(PASSWORD=PASSWORD, OLD="hunter1")
    _, reply, command = compared(tmp_path, monkeypatch, backend, pid, {"PASSWORD": Secret(PASSWORD), "OLD": "hunter2"})
    sent = " ".join([*command.argv, command.stdin, str(command), repr(command)])
    told = " ".join([*reply.lines, reply.words])
    assert not [text for text in (PASSWORD, "hunter1", "hunter2") if text in sent or text in told]


def test_digests_are_salted_anew_each_time(backend):
    one, other = (compare({backend: {"A": Secret(PASSWORD)}}).stdin.split() for _ in range(2))
    assert one[0] != other[0]
    assert one[-1] != other[-1]


def test_what_does_not_run_is_named(tmp_path, monkeypatch, backend):
    for pid in ("echo 0", "false", "echo nonsense", "echo 999999999"):
        folder = tmp_path / pid.replace(" ", "-")
        found, _, _ = compared(folder, monkeypatch, backend, pid, {"A": "x"})
        assert (found.trouble, found.states) == ("does not run", {})


def test_a_host_that_breaks_off_has_trouble_with_all_its_programs(backend):
    (found,) = read_programs(Reply(Outcome.UNKNOWN, "cannot be reached", ()), "web1", [backend])
    assert found.trouble == "cannot be reached"


def test_findings_name_the_variable_and_never_more():
    needed = (
        Needed("backend", "A", "secret A", State.MISSING, "the secret A is not in the file x"),
        Needed("backend", "B", "text", State.EMPTY, "its text comes out empty"),
        Needed("backend", "C", "text", State.OK),
    )
    states = {"A": State.UNKNOWN, "B": State.EMPTY, "C": State.STALE, "D": State.MISSING, "E": State.OK}
    programs = (
        Program("web1", "backend", "backend", states),
        Program("web2", "backend", "backend.2", {}, "does not run"),
    )
    told = [(each.level, each.what, each.host) for each in findings(needed, programs)]
    assert told == [
        (Level.ALERT, "backend A", ""), (Level.ALERT, "backend B", ""),
        (Level.ALERT, "backend B", "web1"), (Level.WARN, "backend C", "web1"), (Level.ALERT, "backend D", "web1"),
        (Level.ALERT, "backend.2", "web2"),
    ]  # fmt: skip
    assert "fab restart" in next(each.text for each in findings(needed, programs) if each.level is Level.WARN)


@pytest.mark.parametrize(
    ("states", "code"),
    [({"A": State.OK}, 0), ({"A": State.STALE}, 0), ({"A": State.MISSING}, 1), ({"A": State.EMPTY}, 1)],
)
def test_what_is_stale_ends_with_zero_and_what_is_missing_or_empty_with_one(states, code):
    programs = (Program("web1", "backend", "backend", states),)
    assert Variables((), programs, tuple(findings((), programs))).exit_code == code


# --- the operator's side, with hosts that answer what a test says ---


class Answers:
    """Hosts that say one thing."""

    def __init__(self, *lines):
        self.lines = [*lines, "result ok compared"]
        self.asked = []

    def on_each(self, hosts, do):
        return {host: do(host) for host in hosts}

    def ask(self, host, command):
        self.asked.append((host, command))
        return read_reply(self.lines)


def seen(environment, answers, tmp_path, *, lost=()):
    roles = roles_of(environment)
    states = {host: HostState() for host in roles.hosts if host not in lost}
    look = Look(environment, roles, states, dict.fromkeys(lost, "cannot be reached"))
    return variables(look, answers, services=chosen(environment.system, "backend"), base=tmp_path)


def test_a_secret_that_is_missing_here_is_named_with_its_place(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("SANVI_REDIS_PASSWORD", PASSWORD)
    monkeypatch.delenv("SANVI_DB_PASSWORD", raising=False)
    answers = Answers()
    found = seen(environment, answers, tmp_path)
    here = {each.name: each.here for each in found.needed}
    assert here["DATABASE_PASSWORD"] is State.MISSING
    assert here["REDIS_PASSWORD"] is State.OK
    assert (
        found.findings[0].text == "missing: the secret DB_PASSWORD is not in the environment variable SANVI_DB_PASSWORD"
    )
    assert found.exit_code == 1
    # nobody knows what it should be on the host
    lines = answers.asked[0][1].stdin.splitlines()
    assert [line.split()[2] == "-" for line in lines if "PASSWORD" in line] == [True, False]


def test_an_empty_secret_is_missing(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("SANVI_REDIS_PASSWORD", "")
    monkeypatch.setenv("SANVI_DB_PASSWORD", PASSWORD)
    found = seen(environment, Answers(), tmp_path)
    assert [each.what for each in found.findings] == ["backend REDIS_PASSWORD"]


def test_without_an_edge_nobody_knows_which_slot_is_live(environment, tmp_path, monkeypatch):
    for name in ("SANVI_REDIS_PASSWORD", "SANVI_DB_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)
    answers = Answers()
    found = seen(environment, answers, tmp_path, lost=[environment.edge_hosts[0].name])
    assert "which slot is live cannot be told" in found.findings[1].text
    assert answers.asked == []
    assert found.exit_code == 1


def test_a_service_that_there_is_not_is_bad_input_with_a_suggestion(environment):
    with pytest.raises(BadInput, match="did you mean 'backend'"):
        chosen(environment.system, "bakend")


def test_the_table_shows_states_and_the_json_has_a_row_for_each_variable(environment, tmp_path, monkeypatch, capsys):
    for name in ("SANVI_REDIS_PASSWORD", "SANVI_DB_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)
    found = seen(environment, Answers("variable backend PORT stale"), tmp_path)
    tables.variables(found, as_json=False)
    tables.variables(found, as_json=True)
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if line.strip().startswith("PORT"))
    assert row.split()[1:4] == ["text", "ok", "stale"]
    assert '"variable": "PORT", "from": "text", "here": "ok"' in shown
    assert PASSWORD not in shown
