"""What a run leaves on a host when it ends, and what the next one sees there."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from handrail.hosts.script import Command
from handrail.model.fleet import Outcome
from tests.unit.host_folder import DIGEST_OF_NOTHING, Host, answering, token

if TYPE_CHECKING:
    from handrail.hosts.script import Reply


# A question of the survey: service, slot, a port where nobody listens, path.
ASKED = ("web", "blue", "9", "/health", "2")


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def finish(host, *, good: str = "", bad: str = "", keep: int = 2) -> Reply:
    run = token(host.take("run"))
    return host.fenced(run, "run", "finish", arguments=('{"record":"deploy"}', good, keep, bad))


def test_failed_deploys_never_push_out_the_last_good_release(host):
    host.release("1.0-a")
    host.link("blue", "1.0-a")
    finish(host, good="1.0-a")
    host.release("1.1-b")
    host.link("green", "1.1-b")
    finish(host, good="1.1-b")
    for failed in ("2.1-x", "2.2-x", "2.3-x", "2.4-x", "2.5-x"):
        host.release(failed)
        host.link("blue", failed)
        assert finish(host).outcome is Outcome.OK
    assert host.releases() == {"1.0-a", "1.1-b", "2.5-x"}
    assert host.good() == ["1.0-a", "1.1-b"]


def test_only_the_newest_good_releases_are_kept(host):
    for name, slot in (("1-a", "blue"), ("2-b", "green"), ("3-c", "blue")):
        host.release(name)
        host.link(slot, name)
        finish(host, good=name)
    assert host.good() == ["2-b", "3-c"]
    assert host.releases() == {"2-b", "3-c"}


def test_a_prune_that_is_cut_off_leaves_nothing_that_looks_whole_and_keeps_nobody_waiting(host, tmp_path, monkeypatch):
    (host.release("1-a") / "server.js").write_text("it runs\n")
    host.release("2-b")
    host.link("blue", "2-b")
    (tmp_path / "rm").write_text('#!/bin/sh\ncase $* in *releases*) exec sleep 60 ;; *) exec /bin/rm "$@" ;; esac\n')
    (tmp_path / "rm").chmod(0o755)
    run = token(host.take("run"))
    words = (str(host.root), str(host.run_directory), str(run), "run", "", "2-b", "1", "")
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        command = Command(("fenced", "finish"), words, 3)
        with subprocess.Popen(command.argv, stdout=subprocess.DEVNULL) as ending:
            while ending.poll() is None and host.lease():
                time.sleep(0.1)
            assert ending.poll() is None
            assert token(host.take("run-2")) == run + 1
    assert {name for name in host.releases() if not name.startswith(".")} == {"2-b"}
    host.fenced(run + 1, "run-2", "finish", arguments=("", "2-b", 1, ""))
    assert host.releases() == {"2-b"}


def test_release_in_a_slot_is_kept_whatever_became_of_it(host):
    for name in ("1-a", "2-b"):
        host.release(name)
    host.link("green", "1-a")
    finish(host, good="2-b", bad="1-a")
    assert host.releases() == {"1-a", "2-b"}


def test_release_rolled_back_from_is_no_longer_good(host):
    for name in ("1-a", "2-b"):
        host.release(name)
        finish(host, good=name)
    finish(host, good="1-a", bad="2-b")
    assert host.good() == ["1-a"]


def test_record_is_one_line_of_the_journal(host):
    finish(host)
    assert (host.root / "journal").read_text().splitlines()[-1] == '{"record":"deploy"}'


def test_survey_says_what_is_there(host):
    host.release("1.0-a")
    host.link("blue", "1.0-a")
    host.take("run-1", holder="ann@desk (deploy)")
    (host.root / "gate/green").touch()
    (host.root / "gate/record").write_text("7 green\n")
    (host.root / "gate/maintenance").touch()
    (host.root / "good").write_text("1.0-a\n")
    (host.run_directory / "blue").write_text("9 blue 0\n")
    (host.run_directory / "blue.5").touch()
    reply = host.run("survey", "end", arguments=("sanvi", "systemd", ":", "echo Id=x", "--", *ASKED))
    assert reply.outcome is Outcome.OK
    assert reply.value("fence") == "1"
    assert reply.value("lease").startswith("1 ")
    assert reply.value("lease").endswith(" run-1 ann@desk (deploy)")
    assert list(reply.values("slot")) == ["blue 1.0-a"]
    assert reply.value("confirmed") == "green"
    assert reply.value("record") == "7 green"
    assert reply.value("maintenance") == "on"
    assert reply.value("good") == "1.0-a"
    assert reply.value("staged") == f"1.0-a {DIGEST_OF_NOTHING}"
    assert reply.value("pending").startswith("blue 9 -")
    assert reply.value("share") == "blue 5"
    assert reply.block("units systemd") == "Id=x"
    assert reply.value("health").startswith("web blue 1 000 ")


def test_survey_asks_every_instance_itself_whatever_proxy_the_host_has(host, monkeypatch):
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (host.root / "gate/instances").mkdir()
    (host.root / "gate/instances/web.2").touch()
    with answering(200, 200) as port:
        reply = host.run("survey", "end", arguments=("sanvi", "--", "web", "blue", port, "/health", "2"))
    assert [line.rpartition(" ")[0] for line in reply.values("health")] == ["web blue 1 200", "web blue 2 200"]


def test_survey_names_a_tool_that_is_missing(host, tmp_path, monkeypatch):
    (tmp_path / "tools").mkdir()
    for folder in os.environ["PATH"].split(":"):
        for tool in Path(folder).glob("*"):
            here = tmp_path / "tools" / tool.name
            if tool.name != "curl" and not os.path.lexists(here):
                here.symlink_to(tool)
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    assert "curl" in list(host.run("survey", "end", arguments=("sanvi", "--")).values("missing"))


def test_survey_of_a_host_that_has_nothing_says_so(host):
    for path in (host.root, host.run_directory):
        subprocess.run(["rm", "-rf", path], check=True)
    reply = host.run("survey", "end", arguments=("sanvi", "--"))
    assert reply.outcome is Outcome.OK
    assert reply.value("fence") == "0"
    assert reply.value("confirmed") == "blue"
    assert reply.value("lease") == reply.value("slot") == reply.value("staged") == ""


def test_what_guards_against_late_words_goes_when_no_word_of_that_run_can_come_any_more(host):
    for number in (1, 2):
        (host.run_directory / f".in.{number}.10.0.0.1").touch()
        finish(host)
    assert [path.name for path in host.run_directory.glob(".in.*")] == [".in.2.10.0.0.1"]


@pytest.mark.parametrize("unconfirmed", ["blue", "green", "green.10", ""])
def test_what_a_timer_of_another_run_has_to_run_stays_while_anything_is_unconfirmed(host, unconfirmed):
    script = host.run_directory / ".revert.1"
    script.touch()
    if unconfirmed:
        (host.run_directory / unconfirmed).write_text("1\n")
    finish(host)
    assert script.exists() is bool(unconfirmed)
