"""Leases and tokens, as the hosts' scripts keep them."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from handrail.hosts.script import Command, Reply
from handrail.model.fleet import Outcome
from tests.unit.host_folder import Host, token


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_first_lease_has_the_first_token_and_names_its_holder(host):
    reply = host.take("run-1")
    assert token(reply) == 1
    assert host.lease()[0] == "1"
    assert host.lease()[2:] == ["run-1", "ann@desk (deploy)"]
    assert (host.root / "lease/fence").read_text() == "1\n"


def test_held_lease_is_refused_with_the_name_of_its_holder(host):
    host.take("run-1")
    reply = host.take("run-2", holder="bob@desk (rollback)")
    assert reply.outcome is Outcome.HELD
    assert reply.value("holder") == "ann@desk (deploy)"
    assert "ann@desk (deploy) holds the lease" in reply.words
    assert host.lease()[2] == "run-1"
    assert (host.root / "lease/fence").read_text() == "1\n"


def test_lease_taken_again_by_the_same_run_keeps_its_token(host):
    assert token(host.take("run-1")) == 1
    assert token(host.take("run-1")) == 1


def test_lease_taken_again_by_the_same_run_rises_to_the_token_of_the_other_hosts(host):
    host.take("run-1")
    assert token(host.take("run-1", want=7)) == 7
    assert host.lease()[0] == "7"


def test_lease_that_has_expired_is_taken_over_with_a_higher_token(host):
    host.take("run-1", seconds=0)
    assert token(host.take("run-2")) == 2
    assert host.lease()[2] == "run-2"


def test_token_rises_when_the_lease_was_given_back(host):
    host.take("run-1")
    host.fenced(1, "run-1", "finish", arguments=("", "", 5, ""))
    assert host.lease() == []
    assert token(host.take("run-2")) == 2


def test_lease_is_not_taken_while_a_command_of_another_run_is_running(host):
    host.take("run-1", seconds=0)
    command = Command(
        ("fenced", "run_once"), (str(host.root), str(host.run_directory), "1", "run-1", "slow", "sleep 6", "60")
    )
    running = subprocess.Popen(command.argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.5)
    reply = host.take("run-2")
    assert reply.outcome is Outcome.HELD
    assert "still running on this host" in reply.words
    running.communicate()
    assert token(host.take("run-2")) == 2


def test_what_restores_service_does_not_wait_for_a_vacuum(host, tmp_path, monkeypatch):
    (tmp_path / "psql").write_text("#!/bin/sh\nsleep 6\n")
    (tmp_path / "psql").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    host.take("run-1", seconds=60, holder="ann@desk (vacuum)")
    words = (str(host.root), str(host.run_directory), "1", "run-1", "postgres", '"$@"', "5432", "shop", "shop", "60")
    command = Command(("fenced", "answers", "vacuum"), words)
    with subprocess.Popen(command.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        running.stdin.write("secret\n")
        running.stdin.close()
        time.sleep(1)
        for verb in ("deploy", "vacuum"):
            assert host.take("run-2", verb=verb).outcome is Outcome.HELD
        assert token(host.take("run-2", verb="rollback")) == 2
        assert running.poll() is None
        running.kill()


def test_a_command_that_used_up_its_time_is_said_to_have(host):
    host.take("run-1")
    late = host.fenced(1, "run-1", "run_once", arguments=("migrate", "echo half; sleep 1; false", 1))
    assert late.words == "migrate ended after 1 s, which is all the time that it has: half"
    assert (
        host.fenced(1, "run-1", "run_once", arguments=("migrate", "echo no; exit 3", 60)).words
        == "migrate ended with 3: no"
    )


def test_lease_of_a_directory_that_cannot_be_written_fails_with_a_reason(host):
    (host.root / "lease").rename(host.root / "elsewhere")
    (host.root / "lease").write_text("")
    reply = host.take("run-1")
    assert reply.outcome is Outcome.FAILED
    assert "cannot write" in reply.words


def renew(host: Host) -> Reply:
    return host.fenced(1, "run-1", "lease_renew", arguments=(60, "ann@desk (deploy)"))


def test_renewed_lease_lives_longer(host):
    host.take("run-1", seconds=10)
    before = int(host.lease()[1])
    assert renew(host).outcome is Outcome.OK
    assert int(host.lease()[1]) >= before + 4900
    assert host.lease()[2:] == ["run-1", "ann@desk (deploy)"]


def test_lease_that_a_reboot_forgot_is_renewed_as_long_as_nobody_took_it(host):
    host.take("run-1")
    (host.run_directory / "lease").unlink()
    assert renew(host).outcome is Outcome.OK
    assert host.lease()[2:] == ["run-1", "ann@desk (deploy)"]
    (host.run_directory / "lease").unlink()
    host.take("run-2")
    assert renew(host).outcome is Outcome.REFUSED
    assert host.lease()[2] == "run-2"


def test_command_with_an_old_token_changes_nothing_and_learns_who_took_over(host, tmp_path):
    host.take("run-1", seconds=0)
    host.take("run-2", holder="bob@desk (deploy)")
    for scripts, arguments in (
        (("run_once",), ("migrate", f"touch {tmp_path}/touched", 60)),
        (("lease_renew",), (60, "ann@desk (deploy)")),
        (("finish",), ("{}", "", 5, "")),
        (("stop",), ("blue", f"touch {tmp_path}/touched")),
    ):
        reply = host.fenced(1, "run-1", *scripts, arguments=arguments)
        assert reply.outcome is Outcome.REFUSED
        assert "bob@desk (deploy)" in reply.words
    assert not (tmp_path / "touched").exists()
    assert host.lease()[2] == "run-2"
