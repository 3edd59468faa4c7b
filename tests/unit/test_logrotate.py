"""Rules for logrotate: what they say for each runtime, and what logrotate itself makes of them in a folder."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from handrail.errors import BadInput, SystemInvalid
from handrail.hosts.rotation import EDGE, Rotation, rotation
from handrail.hosts.script import shell_line
from handrail.model import document
from handrail.model.decide import decide
from handrail.model.environment import Environment, Host
from handrail.model.fleet import Outcome
from handrail.model.host_state import HostState
from handrail.model.intent import Intent, Verb
from handrail.model.roles import Roles
from handrail.model.version import Release
from handrail.runtimes import UNITS
from handrail.runtimes.unit import Unit
from tests.unit import host_folder
from tests.unit.host_folder import token

SHOP = """\
system: shop
root: ROOT
services:
  api:
    runtime: pm2
    hosts: app
    user: nobody
    command: [node, server.js]
    ports: {blue: 3000, green: 3010}
    health: {path: /health}
  site:
    runtime: systemd
    hosts: web
    user: nobody
    command: [node, server.js]
    ports: {blue: 3001, green: 3011}
    health: {path: /}
edge: {hosts: web, server_names: [shop.example.com], paths: {/: site}}
release: {artifact: shop.tar.gz, version: {path: /, header: X-Release}}
logs: LOGS
environments: {prod: {}}
"""
GROUPS = {"app": (Host("app1", "10.0.0.1"),), "web": (Host("web1", "10.0.0.2"),)}
needs_logrotate = pytest.mark.skipif(
    shutil.which("logrotate") is None or os.geteuid() != 0, reason="needs Debian's package logrotate, and root"
)


def shop(root="/opt/shop", logs="{}"):
    text = SHOP.replace("ROOT", str(root)).replace("LOGS", logs)
    return Environment("prod", document.parse(text, source="shop.yaml", environment="prod"), GROUPS)


def rule(rules: str, path: str) -> list[str]:
    """Give the lines of the rule for a path."""
    found = re.split(r"^(/.*) \{$", rules, flags=re.MULTILINE)
    return [line.strip() for line in found[found.index(path) + 1].splitlines()[1:-1]]


def test_logs_of_pm2_are_rotated_as_its_user_and_reopened():
    text = rotation(shop(), "app1", "/run/handrail/shop").text
    lines = rule(text, "/opt/shop/logs/*.log")
    assert lines[:7] == ["daily", "rotate 14", "nodateext", "compress", "delaycompress", "missingok", "notifempty"]
    assert "create 0644 nobody @group nobody@" in lines
    assert "su nobody @group nobody@" in lines
    hook = lines[lines.index("postrotate") + 1 : lines.index("endscript")]
    assert "runuser -u nobody" in hook[0]
    assert hook[-1].endswith("/opt/shop reloadLogs")


def test_files_of_a_runtime_that_cannot_be_told_are_copied_and_cut():
    text = rotation(shop(logs="{files: [/opt/shop/logs/*.log, /srv/shop/a.log], keep: 30}"), "web1", "/run/shop").text
    for path in ("/opt/shop/logs/*.log", "/srv/shop/a.log"):
        lines = rule(text, path)
        assert "copytruncate" in lines
        assert "rotate 30" in lines
        assert "postrotate" not in lines
    assert rule(text, "/opt/shop/journal")[1] == "rotate 30"


def test_no_file_is_in_two_rules():
    named = "[/opt/shop/logs/*.log, /opt/shop/logs/api.log, /opt/shop/logs/access_log, /srv/a.d/x.log, /srv/a.d/x.log]"
    text = rotation(shop(logs=f"{{files: {named}}}"), "app1", "/run/shop").text
    heads = re.findall(r"^(/.*) \{$", text, flags=re.MULTILINE)
    assert heads == [
        "/opt/shop/journal",
        "/opt/shop/logs/*.log /opt/shop/logs/access_log",
        "/srv/a.d/x.log",
        "/opt/shop/.pm2/pm2.log",
    ]


def test_files_are_rotated_on_the_hosts_of_their_group_alone():
    environment = shop(logs="{files: [/srv/shop/a.log], hosts: app}")
    assert "/srv/shop/a.log" in rotation(environment, "app1", "/run/shop").text
    assert "/srv/shop/a.log" not in rotation(environment, "web1", "/run/shop").text


def test_the_edges_log_is_a_matter_of_the_edges():
    assert rotation(shop(), "app1", "/run/shop").edge_log == ""
    edge = rotation(shop(), "web1", "/run/shop")
    assert (edge.edge_log, edge.edge_is_ours) == ("/var/log/nginx/handrail-shop.log", False)
    assert "nginx -s reopen" in edge.edge_text


@pytest.mark.parametrize("runtime", ["systemd", "compose"])
def test_an_edge_that_hangs_does_not_hold_up_the_rotation_of_the_host(runtime, tmp_path):
    unit, keeper = Unit("shop", "/opt/shop", "nginx", "nginx"), UNITS[runtime]
    runs, inside = shell_line([keeper.runs(unit)]), shlex.quote(keeper.inside(unit))
    text = EDGE.format(folder="/var/log/nginx", runs=runs, inside=inside)
    (script,) = re.findall(r"postrotate\n(.*?)    endscript", text, re.DOTALL)
    tool = f'#!/bin/sh\necho "$(basename $0) $*" >>{tmp_path}/said\n'
    answers = {"timeout": 'shift; "$@"', "docker": '[ "$1" != ps ] || echo 4711', "systemctl": "", "nginx": ""}
    for name, answer in answers.items():
        (tmp_path / name).write_text(tool + answer + "\n")
        (tmp_path / name).chmod(0o755)
    subprocess.run(["sh", "-c", script], check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    said = [line.split() for line in (tmp_path / "said").read_text().splitlines()]
    assert [words[:2] for words in said if words[0] == "timeout"] == [["timeout", "10"], ["timeout", "20"]]
    assert said[-1][-3:] == ["nginx", "-s", "reopen"]


def states(*tools):
    return {"web1": HostState(missing_tools=tools), "web2": HostState(missing_tools=tools)}


ROLES = Roles(hosts=("web1", "web2"), services=("web1", "web2"), edges=("web1",))


def test_hosts_without_logrotate_are_named_and_refuse_that_verb_alone():
    with pytest.raises(BadInput, match="web1 lacks logrotate; web2 lacks logrotate; nothing was touched"):
        decide(Intent(Verb.LOGROTATE), states("logrotate"), ROLES)
    assert decide(Intent(Verb.DEPLOY, Release("1", "0" * 64)), states("logrotate"), ROLES).release_id
    with pytest.raises(BadInput, match="web1 lacks curl"):
        decide(Intent(Verb.LOGROTATE), states("curl", "logrotate"), ROLES)


class Place(host_folder.Host):
    """A host whose service's user can reach its directory, with a folder of rules."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        folder.chmod(0o755)
        self.rules = folder / "logrotate.d"
        self.logs = self.root / "logs"
        for each in (self.rules, self.logs):
            each.mkdir()
        shutil.chown(self.logs, "nobody")

    @property
    def file(self) -> Path:
        return self.rules / "handrail-shop"

    def install(self, rules: Rotation | None = None, *, force="", text="", ours: bool | None = None, log: str = ""):
        rules = rules or rotation(shop(self.root), "app1", str(self.run_directory))
        log = log or rules.edge_log
        is_ours = rules.edge_is_ours if ours is None else ours
        arguments = ("shop", self.rules, force, " ".join(rules.users), log, "yes" if is_ours else "", rules.edge_text)
        run = token(self.take("run"))
        return self.fenced(run, "run", "logrotate", arguments=arguments, stdin=text or rules.text)

    def log(self, name: str, text: str = "hello\n", *, user: str = "nobody") -> Path:
        path = self.logs / name
        path.write_text(text)
        shutil.chown(path, user)
        return path


@pytest.fixture
def place(monkeypatch):
    with tempfile.TemporaryDirectory() as folder:
        tool = Path(folder) / "tools/logrotate"
        tool.parent.mkdir()
        # This machine's own logrotate keeps its own account of what it rotated.
        tool.write_text(f'#!/bin/sh\nexec {shutil.which("logrotate")} --state {folder}/status "$@"\n')
        tool.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
        yield Place(Path(folder))


@needs_logrotate
def test_rules_are_installed_once(place):
    reply = place.install()
    assert (reply.outcome, reply.words.partition(";")[0]) == (Outcome.OK, "installed")
    assert oct(place.file.stat().st_mode & 0o777) == "0o644"
    assert [path.name for path in place.rules.iterdir()] == ["handrail-shop"]
    assert "su nobody nogroup" in place.file.read_text()
    assert "@" not in place.file.read_text()
    assert place.install().outcome is Outcome.UNCHANGED


@needs_logrotate
def test_rules_that_logrotate_refuses_leave_the_old_ones(place):
    place.install()
    before = place.file.read_text()
    for broken in ("/srv/a.log {\n    dailly\n}\n", "/srv/a.log {\n    su nobodyatall root\n}\n"):
        reply = place.install(text=broken)
        assert reply.outcome is Outcome.FAILED
        assert reply.words.startswith("not installed, for logrotate says: error: ")
    assert place.file.read_text() == before


@needs_logrotate
def test_a_rule_of_somebody_else_for_the_same_files_is_named_and_nothing_installed(place):
    place.log("a.log")
    (place.rules / "vendhub").write_text(f"{place.logs}/*.log {{\n    su nobody nogroup\n    daily\n}}\n")
    reply = place.install()
    assert reply.outcome is Outcome.FAILED
    assert "vendhub:1 duplicate log entry" in reply.words
    assert [path.name for path in place.rules.iterdir()] == ["vendhub"]


@needs_logrotate
def test_what_was_wrong_before_stops_nothing(place):
    (place.rules / "other").write_text("/srv/x.log {\n    dailly\n}\n")
    assert place.install().outcome is Outcome.OK


@needs_logrotate
def test_force_rotates_now_and_has_pm2_open_its_logs_again(place, monkeypatch):
    log = place.log("api-out.log")
    told = place.logs / "told"
    node = place.root / "node"
    node.write_text(f'#!/bin/sh\nfor last; do :; done\necho "$(id -un) $last" >>{told}\n')
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.root}:{os.environ['PATH']}")
    reply = place.install(force="yes")
    # handrail's own journal is the other one
    assert (reply.outcome, reply.words.partition(";")[0]) == (Outcome.OK, "installed, rotated 2 logs")
    assert told.read_text() == "nobody reloadLogs\n"
    moved = place.logs / "api-out.log.1"
    assert (moved.read_text(), log.read_text()) == ("hello\n", "")
    assert (log.owner(), log.group(), oct(log.stat().st_mode & 0o777)) == ("nobody", "nogroup", "0o644")
    log.write_text("more\n")
    assert place.install(force="yes").outcome is Outcome.OK
    assert {path.name for path in place.logs.glob("api*")} == {"api-out.log", "api-out.log.1", "api-out.log.2.gz"}


@needs_logrotate
def test_force_copies_the_logs_of_programs_that_cannot_be_told(place):
    environment = shop(place.root, f"{{files: [{place.root}/app/*.log]}}")
    (place.root / "app").mkdir()
    (place.root / "app").chmod(0o775)
    shutil.chown(place.root / "app", group="adm")
    log = place.root / "app/a.log"
    with log.open("a") as program:
        program.write("one\n")
        program.flush()
        reply = place.install(rotation(environment, "web1", str(place.run_directory)), force="yes", log="-")
        program.write("two\n")
    assert reply.outcome is Outcome.OK, reply
    assert "su root adm" in place.file.read_text()
    assert (log.with_name("a.log.1").read_text(), log.read_text()) == ("one\n", "two\n")


@needs_logrotate
def test_history_still_has_the_last_runs_after_a_rotation(place):
    step = '{"at":"2026-01-01T00:00:00Z","run":"%d","token":1,"step":"start blue","result":"ok"}\n'
    record = '{"at":"2026-01-01T00:00:00Z","run":"%d","record":"deploy"}\n'
    text = "".join(record % number + (step % number) * 30 for number in range(100))
    (place.root / "journal").write_text(text)
    assert place.install(force="yes").outcome is Outcome.OK
    runs = [json.loads(line) for line in place.run("history", arguments=(100,)).values("entry")]
    assert [run["run"] for run in runs if "record" in run] == [str(number) for number in range(100)]
    before = (place.root / "journal.1").read_text().splitlines()
    assert len(before) > 3000
    expected = [line for line in before[:-1000] if '"record"' in line] + before[-1000:]
    assert (place.root / "journal").read_text().splitlines()[: len(expected)] == expected


@needs_logrotate
def test_the_journal_is_not_cut_while_a_step_of_a_run_may_write_to_it(place):
    text = '{"step":"start blue"}\n' * 3000
    (place.root / "journal").write_text(text)
    place.install()
    place.file.write_text(place.file.read_text().replace("-w 10", "-w 0.1"))
    with (place.run_directory / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        done = subprocess.run(["logrotate", "--force", place.file], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert (place.root / "journal").read_text().startswith(text)
    subprocess.run(["logrotate", "--force", place.file], check=True)
    assert len((place.root / "journal").read_text().splitlines()) <= 1001


@needs_logrotate
def test_the_edges_log_is_left_to_the_rule_that_nginx_brought(place):
    log = f"{place.root}/logs/handrail-shop.log"
    edge = rotation(shop(place.root), "web1", str(place.run_directory))
    (place.rules / "nginx").write_text(f"{place.root}/logs/*.log {{\n    daily\n}}\n")
    reply = place.install(edge, log=log)
    assert (reply.outcome, "the edge's log is rotated by nginx" in reply.words) == (Outcome.OK, True)
    assert "nginx" not in place.file.read_text()
    (place.rules / "nginx").unlink()
    assert "the edge's log" not in place.install(edge, log=log).words
    assert "nginx -s reopen" in place.file.read_text()


@needs_logrotate
def test_the_log_of_an_edge_in_a_container_is_ours_even_beside_the_hosts_nginx(place, tmp_path, monkeypatch):
    log = place.log("handrail-shop.log", user="root")
    shutil.chown(place.logs, "root")
    edge = rotation(shop(place.root), "web1", str(place.run_directory))
    edge = Rotation(edge.text, (), str(log), edge.edge_text.replace("/var/log/nginx", str(place.logs)), True)
    (place.rules / "nginx").write_text(f"{place.logs}/*.log {{\n    daily\n}}\n")
    for name, text in (("nginx", f"echo $* >{tmp_path}/said"), ("systemctl", "exit 0")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    reply = place.install(edge, force="yes")
    assert reply.outcome is Outcome.OK, reply
    assert (tmp_path / "said").read_text() == "-s reopen\n"
    assert log.with_name("handrail-shop.log.1").exists()
    checked = subprocess.run(["logrotate", "--debug", place.rules], capture_output=True, text=True, check=False)
    assert "error:" not in checked.stderr


@needs_logrotate
def test_an_edge_that_is_down_is_rotated_and_asked_nothing(place, tmp_path, monkeypatch):
    log = place.log("handrail-shop.log", user="root")
    shutil.chown(place.logs, "root")
    edge = rotation(shop(place.root), "web1", str(place.run_directory))
    edge = Rotation(edge.text, (), str(log), edge.edge_text.replace("/var/log/nginx", str(place.logs)), True)
    # as they answer for an nginx that is down
    for name, code in (("nginx", 1), ("systemctl", 3)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    reply = place.install(edge, force="yes")
    assert reply.outcome is Outcome.OK, reply
    assert log.with_name("handrail-shop.log.1").exists()


def test_a_host_without_logrotate_says_so_and_keeps_what_it_has(place, tmp_path, monkeypatch):
    for folder in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for path in Path(folder).iterdir():
            if path.name != "logrotate" and not (tmp_path / path.name).exists():
                (tmp_path / path.name).symlink_to(path)
    monkeypatch.setenv("PATH", str(tmp_path))
    reply = place.install()
    assert (reply.outcome, reply.words) == (Outcome.FAILED, "logrotate is not installed")
    assert list(place.rules.iterdir()) == []


@pytest.mark.parametrize(
    ("logs", "key"),
    [
        ("{files: [/opt/shop/app/*]}", "logs.files[0]"),
        ("{files: ['/opt/shop/app/*.log*']}", "logs.files[0]"),
        ("{files: [/opt/shop/app/*.log.gz]}", "logs.files[0]"),
        ("{files: [/var/log/*.log]}", "logs.files[0]"),
        ("{files: [/opt/shop/gate/a.log]}", "logs.files[0]"),
        ("{keep: 0}", "logs.keep"),
        ("{keep: 366}", "logs.keep"),
        ("{hosts: db}", "logs.hosts"),
    ],
)
def test_a_slip_in_the_description_is_refused_with_its_line(logs, key):
    with pytest.raises(SystemInvalid) as caught:
        shop(logs=logs)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (key, 1 + SHOP[: SHOP.index("logs:")].count("\n"))
