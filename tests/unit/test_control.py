"""Around a run: inventories as pyinfra reads them, previews, exit codes, logs, what is shown."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fabric.main import program

from handrail.control import history, logs, show
from handrail.control.change import change
from handrail.control.inventory import chosen, read
from handrail.control.progress import Progress
from handrail.control.task import exits
from handrail.control.verbs import run_change
from handrail.errors import BadInput, InventoryInvalid, LeaseHeld, SystemInvalid

INVENTORIES = sorted(Path("inventories").glob("*.py"))
AS_PYINFRA = """
import json, sys
sys.path.append(".")
import pyinfra_cli
from pyinfra.api import Config, State
from pyinfra.context import ctx_state
from pyinfra_cli.inventory import make_inventory
state = State()
ctx_state.set(state)
inventory = make_inventory(sys.argv[1], cwd=".")
state.init(inventory, Config())
groups = {name: sorted(host.name for host in hosts) for name, hosts in inventory.groups.items() if hosts}
keys = ["address", "environment", "systems", "ssh_user", "ssh_port", "ssh_strict_host_key_checking", "_sudo", "extra"]
data = {host.name: {key: host.data.get(key) for key in keys} for host in inventory}
print(json.dumps([groups, data]))
"""


def as_pyinfra_reads(path):
    done = subprocess.run([sys.executable, "-c", AS_PYINFRA, str(path)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def as_handrail_reads(path, keys):
    here = read(path)
    groups = {name: sorted(hosts) for name, hosts in here.groups.items() if hosts and name != "all"}
    data = {name: {key: data.get(key) for key in keys} for name, data in here.data.items()}
    return json.loads(json.dumps([groups, data]))


@pytest.mark.parametrize("path", INVENTORIES, ids=str)
def test_inventory_is_read_as_pyinfra_reads_it(path):
    groups, data = as_pyinfra_reads(path)
    keys = list(next(iter(data.values())))
    assert as_handrail_reads(path, keys) == [groups, data]


def test_data_of_host_group_and_all_go_before_each_other_as_in_pyinfra(tmp_path):
    (tmp_path / "group_data").mkdir()
    (tmp_path / "group_data" / "all.py").write_text("extra = 'all'\nenvironment = 'all'\nsystems = ('all',)\n")
    (tmp_path / "group_data" / "web.py").write_text("extra = 'web'\nenvironment = 'web'\n")
    path = tmp_path / "x.py"
    path.write_text("web = ([('a', {'extra': 'host'}), 'b'], {'ssh_user': 'inline'})\n_hidden = ['c']\nnumber = 3\n")
    groups, data = as_pyinfra_reads(path)
    keys = list(next(iter(data.values())))
    assert as_handrail_reads(path, keys) == [groups, data]


def test_missing_inventory_lists_those_that_are_there(monkeypatch):
    monkeypatch.delenv("HANDRAIL_INVENTORY", raising=False)
    with pytest.raises(InventoryInvalid, match=r"inventories/lab\.py.*inventories/prod\.py"):
        chosen(None)


def test_inventory_may_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("HANDRAIL_INVENTORY", "inventories/lab.py")
    assert chosen(None) == Path("inventories/lab.py")


def test_broken_inventory_is_bad_input_that_names_the_file(tmp_path):
    (tmp_path / "x.py").write_text("web = [")
    with pytest.raises(InventoryInvalid, match=r"x\.py cannot be read: SyntaxError"):
        read(tmp_path / "x.py")


@pytest.mark.parametrize(("error", "code"), [(BadInput("no"), 2), (LeaseHeld("no"), 4)])
def test_error_becomes_the_exit_code_and_is_shown_with_its_next_step(error, code, capsys):
    @exits
    def verb():
        error.next_step = "do this"
        raise error

    with pytest.raises(SystemExit) as ended:
        verb()
    assert ended.value.code == code
    assert "do this" in capsys.readouterr().err


def test_error_is_json_for_machines(capsys):
    @exits
    def verb(*, as_json):
        raise BadInput("no")

    with pytest.raises(SystemExit):
        verb(as_json=True)
    assert json.loads(capsys.readouterr().out)["exit_code"] == 2


def test_change_without_anybody_to_ask_needs_yes(capsys, monkeypatch):
    monkeypatch.setattr("handrail.control.task._preview", lambda *_: {})
    with pytest.raises(SystemExit) as ended:
        run_change("deploy", "inventories/lab.py", {"release": "1"}, as_json=False, yes=False, dry_run=False)
    assert ended.value.code == 2
    assert "--yes" in capsys.readouterr().err


def test_change_whose_inventory_has_no_reachable_host_is_one_and_shows_what_pyinfra_said(tmp_path, monkeypatch):
    monkeypatch.chdir(Path.cwd())
    inventory = tmp_path / "x.py"
    inventory.write_text("web = [('nowhere', {'ssh_hostname': '127.0.0.1', 'ssh_port': 9})]\n")
    end = change("deploy", inventory, {"release": "1"}, Progress("x", quiet=True))
    assert end.exit_code == 1
    assert "nothing was touched" in end.text


def test_a_folder_that_takes_no_log_stops_no_change(tmp_path, monkeypatch, capsys):
    (tmp_path / "nowhere.py").write_text('web = [("web1", {"ssh_hostname": "127.0.0.1", "ssh_port": 1})]\n')
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".handrail").write_text("")
    end = change("rollback", tmp_path / "nowhere.py", {}, Progress("rollback", quiet=True))
    assert "nothing was touched; " in end.text
    assert "it said:\n" in end.text
    assert "what pyinfra says is not kept" in capsys.readouterr().err


def test_wrong_yaml_shows_every_problem_and_exits_two(tmp_path, capsys):
    (tmp_path / "group_data").mkdir()
    (tmp_path / "group_data" / "x.py").write_text("environment = 'prod'\nsystems = ('bad.yaml',)\n")
    (tmp_path / "x.py").write_text("web = ['a']\n")
    (tmp_path / "bad.yaml").write_text("system: shop\nservises: {}\nedge: 3\nenvironments: {prod: {}}\n")
    with pytest.raises(SystemInvalid) as refused:
        read(tmp_path / "x.py").load()
    assert "bad.yaml:2" in str(refused.value)
    assert "did you mean 'services'" in str(refused.value)
    assert len(refused.value.problems) >= 3


def test_log_lines_are_merged_by_time_and_searched():
    lines = ["1700000000.5 a: one", "not a log line", "1700000002.5 b: two"]
    found = list(logs._entries(logs.Source("web1", "backend"), lines, "two|one"))
    assert [(entry.what, entry.text) for entry in found] == [("backend", "a: one"), ("backend", "b: two")]
    assert list(logs._entries(logs.Source("web1", "backend"), lines, "three")) == []


def test_bytes_that_are_no_utf8_do_not_end_a_search():
    assert logs._lines(b"1700000000.5 caf\xe9\n") == ["1700000000.5 caf\ufffd"]


def test_bad_regular_expression_and_bad_time_are_bad_input(monkeypatch):
    environment = read(Path("inventories/prod.py")).load().environment
    with pytest.raises(BadInput, match="regular expression"):
        list(logs._entries(logs.Source("web1", "backend"), ["1.0 x"], "("))
    with pytest.raises(BadInput, match="no time"):
        logs.commands(environment, "backend", since="yesterday-ish", lines=1, follow=False)
    with pytest.raises(BadInput, match="there are backend, frontend"):
        logs.commands(environment, "backends", since="", lines=1, follow=False)


def test_history_merges_hosts_and_shows_runs_that_never_ended():
    runs = {}
    lease = {
        "at": "2026-01-01T00:00:00Z",
        "run": "a",
        "token": 1,
        "step": "deploy: take the lease",
        "result": "me@here (deploy)",
    }
    history._add(runs, json.dumps(lease))
    history._add(runs, json.dumps(lease | {"run": "b"}))
    history._add(runs, json.dumps({"run": "a", "record": "deploy", "outcome": "done"}))
    history._add(runs, '{"cut short')
    history._add(runs, json.dumps(lease))
    assert runs["a"]["outcome"] == "done"
    assert (runs["b"]["outcome"], runs["b"]["who"], runs["b"]["verb"]) == ("unfinished", "me@here", "deploy")


def test_log_lines_cannot_colour_the_terminal(capsys):
    show.logs([logs.Entry(1700000000.5, "web1", "[red]not markup[/]")], sys.stdout, as_json=False)
    assert "[red]not markup[/]" in capsys.readouterr().out


def test_logs_are_written_to_a_file(tmp_path):
    with show.writing(str(tmp_path / "out")) as target:
        show.logs([logs.Entry(1700000000.5, "web1", "text", "backend")], target, as_json=True)
    assert json.loads((tmp_path / "out").read_text()) == {
        "at": "2023-11-14T22:13:20.500000+00:00",
        "host": "web1",
        "what": "backend",
        "text": "text",
    }


def test_a_file_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path):
    with pytest.raises(BadInput, match="cannot be written: No such file"), show.writing(str(tmp_path / "no/out")):
        pass


@pytest.mark.parametrize("words", [["logs", "backend", "--lines", "all"], ["history", "--lines", "0"]])
def test_a_number_that_is_none_is_refused_without_a_traceback(words, capsys):
    with pytest.raises(SystemExit) as ended:
        program.run(["fab", *words, "--inventory", "inventories/prod.py"])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert "allowed: a whole number from" in said.err
