"""Instances on a host: how many have traffic, how they are readied, watched and drained."""

from __future__ import annotations

import os
import shutil
import socket
import time

import pytest

from handrail.hosts.bundle import bundle
from handrail.model.fleet import Outcome
from handrail.runtimes.protocol import File
from tests.unit.host_folder import Host, answering

# A command that notes what it finds, and then does what it always does.
NOTING = """#!/bin/sh
ls {folder} | tr '\\n' ' ' >>{notes}
echo >>{notes}
exec {rm} "$@"
"""


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    host.take("run-1")
    return host


@pytest.fixture
def notes(host, tmp_path, monkeypatch):
    """Note which files there are each time when something is about to be removed."""
    folder, shims = host.root / "gate/instances", tmp_path / "shims"
    shims.mkdir()
    text = NOTING.format(folder=folder, notes=tmp_path / "notes", rm=shutil.which("rm"))
    (shims / "rm").write_text(text)
    (shims / "rm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{shims}:{os.environ['PATH']}")
    return lambda: [line.split() for line in (tmp_path / "notes").read_text().splitlines()]


def spread(host, number, *, way="on", service="web"):
    return host.fenced(1, "run-1", "instances", "spread", arguments=(way, service, number))


def files(host):
    folder = host.root / "gate/instances"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_so_many_instances_have_the_traffic(host):
    reply = spread(host, 3)
    assert (reply.outcome, reply.words) == (Outcome.OK, "3 of web have the traffic of this host")
    assert files(host) == ["web.3"]
    spread(host, 1)
    assert files(host) == ["web.1"]


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (9, 10)])
def test_a_number_exists_at_every_moment_for_the_new_file_comes_before_the_old_one_goes(host, notes, before, after):
    spread(host, before)
    spread(host, after)
    assert sorted([f"web.{before}", f"web.{after}"]) in notes()
    assert all(notes())
    assert files(host) == [f"web.{after}"]


def test_numbers_of_other_services_stay(host):
    spread(host, 2)
    spread(host, 4, service="web-x")
    spread(host, 3)
    assert files(host) == ["web-x.4", "web.3"]


def test_the_edge_can_look_for_the_file_as_another_user(host):
    spread(host, 2)
    assert (host.root / "gate/instances").stat().st_mode & 0o777 == 0o755


def test_a_number_that_cannot_be_written_leaves_the_old_one(host):
    spread(host, 2)
    (host.root / "gate/instances/web.3").mkdir()
    reply = spread(host, 3)
    assert reply.outcome is Outcome.FAILED
    assert "cannot write" in reply.words
    assert files(host) == ["web.2", "web.3"]


def test_a_run_that_went_back_spreads_no_more_should_it_arrive_late(host):
    spread(host, 1)
    assert spread(host, 1, way="back").outcome is Outcome.OK
    reply = spread(host, 3)
    assert (reply.outcome, reply.words) == (Outcome.FAILED, "this run has gone back already")
    assert files(host) == ["web.1"]


def test_another_run_spreads_again(host):
    spread(host, 1, way="back")
    host.fenced(1, "run-1", "finish", arguments=("", "", 5, ""))
    host.take("run-2")
    assert host.fenced(2, "run-2", "instances", "spread", arguments=("on", "web", 3)).outcome is Outcome.OK


def ready_slot(host, *told):
    host.releases() or host.release("1.0-abc")
    arguments = ("green", "1.0-abc", ":", ":", "", *told)
    return host.fenced(
        1, "run-1", "instances", "put_files", "ready_slot", arguments=arguments, stdin=bundle([])
    )  # fmt: skip


def ready_edge(host, *told, after=":", files=()):
    return host.fenced(
        1, "run-1", "instances", "put_files", "ready_edge", arguments=(after, *told), stdin=bundle(files)
    )


@pytest.mark.parametrize("ready", [ready_slot, ready_edge])
def test_a_host_that_is_new_learns_how_many_there_are_and_others_keep_what_they_know(host, ready):
    spread(host, 3)
    assert ready(host, "web", 2, "api", 4).outcome.good
    assert files(host) == ["api.4", "web.3"]


def test_a_new_edge_knows_the_number_before_its_configuration_asks_for_it(host, tmp_path):
    site = File(f"{tmp_path}/site.conf", "upstream web_2 {}\n")
    after = f"ls {host.root}/gate/instances >{tmp_path}/known"
    assert ready_edge(host, "web", 2, after=after, files=[site]).outcome is Outcome.OK
    assert (tmp_path / "known").read_text() == "web.2\n"


def test_files_of_new_instances_are_put_and_taken_in(host, tmp_path):
    unit = File(f"{tmp_path}/web.2.service", "[Unit]\n")
    reply = host.fenced(
        1, "run-1", "put_files", "ready_instances", arguments=(f"touch {tmp_path}/reloaded",), stdin=bundle([unit])
    )
    assert (reply.outcome, reply.words) == (Outcome.OK, "1 files changed")
    assert (tmp_path / "web.2.service").exists()
    assert (tmp_path / "reloaded").exists()


def test_files_of_a_datastore_are_put_and_no_more_than_once(host, tmp_path):
    secret = File(f"{tmp_path}/store/.env", "PASSWORD=x\n", 0o600)

    def put():
        return host.fenced(1, "run-1", "put_files", "ready_unit", stdin=bundle([secret])).outcome

    assert (put(), put()) == (Outcome.OK, Outcome.UNCHANGED)
    assert (tmp_path / "store/.env").stat().st_mode & 0o777 == 0o600


def steady(host, *groups):
    return host.run("steady", arguments=tuple(word for group in groups for word in group))


def test_instances_that_run_as_they_were_started_are_steady(host):
    with answering(200, 204) as port:
        one = ("web", "echo 0", "echo log", port, "/", 200, 2)
        two = ("web.2", "echo 5; echo 0", "echo log", port + 1, "/", 204, 2)
        assert steady(host, one, two).outcome is Outcome.OK


def test_an_instance_that_was_started_again_is_named_with_its_log(host):
    with answering(200, 200) as port:
        one = ("web", "echo 0", "echo log of the first", port, "/", 200, 2)
        two = ("web.2", "echo 3", "echo out of memory", port + 1, "/", 200, 2)
        reply = steady(host, one, two)
    assert reply.outcome is Outcome.FAILED
    assert reply.words == "web.2 was started again 3 times since this run started it"
    assert reply.block("log") == "out of memory"


def test_an_instance_that_is_no_longer_healthy_is_named_with_its_answer(host):
    with answering(500) as port:
        reply = steady(host, ("web", "echo 0", "echo log", port, "/health", 200, 2))
    assert reply.outcome is Outcome.FAILED
    assert reply.words.startswith("web is no longer healthy: it answers 500, wanted 200")
    assert reply.value("probe") == f"500 http://127.0.0.1:{port}/health I answer 500"


def test_an_instance_may_take_as_long_as_its_description_says(host):
    one = ("web", "echo 0", "echo log")
    with answering(200, late_seconds=0.5) as port:
        assert steady(host, (*one, port, "/", 200, 5)).outcome is Outcome.OK
        assert "it answers 000, wanted 200" in steady(host, (*one, port, "/", 200, 0.1)).words


def test_one_wrong_answer_is_asked_again(host):
    with answering((503, 200)) as port:
        assert steady(host, ("web", "echo 0", "echo log", port, "/", 200, 2)).outcome is Outcome.OK


def test_an_instance_that_died_between_two_answers_is_not_steady(host, tmp_path):
    restarts = f"cat {tmp_path}/restarts 2>/dev/null || echo 0; echo 1 >{tmp_path}/restarts"
    with answering((503, 200)) as port:
        reply = steady(host, ("web", f"({restarts}) | head -1", "echo log", port, "/", 200, 2))
    assert reply.words == "web was started again 1 times since this run started it"


def test_an_instance_that_nobody_hears_is_not_steady(host):
    reply = steady(host, ("web", "echo 0", "echo log", 9, "/", 200, 2))
    assert "it answers 000, wanted 200" in reply.words


@pytest.mark.parametrize("restarts", ["false", "echo unknown", "echo", "echo -1"])
def test_a_count_that_cannot_be_told_is_not_held_against_an_instance(host, restarts):
    with answering(200) as port:
        assert steady(host, ("web", restarts, "echo log", port, "/", 200, 2)).outcome is Outcome.OK


LOOKS = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("nsenter") is None, reason="only root enters a process's network"
)


def drain(host, seconds, *pairs):
    began = time.monotonic()
    reply = host.run("drain", arguments=(seconds, *(word for pair in pairs for word in pair)))
    assert reply.outcome is Outcome.OK
    return reply.words, time.monotonic() - began


@pytest.fixture
def connected():
    """Give the port of an open connection, and what closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, server.accept()[0] as served:
            yield port, lambda: (client.close(), served.close())


@LOOKS
def test_open_connections_are_waited_for_no_longer_than_told(host, connected):
    words, took = drain(host, 1, (f"echo {os.getpid()}", connected[0]))
    assert words == "1 connections left"
    assert 0.9 <= took < 5


@LOOKS
def test_the_wait_ends_when_nobody_is_connected_any_more(host, connected):
    port, close = connected
    close()
    words, took = drain(host, 20, (f"echo {os.getpid()}", port))
    assert words == "0 connections left"
    assert took < 10


@LOOKS
def test_connections_of_all_instances_count(host, connected):
    mine = f"echo {os.getpid()}"
    with answering(200) as port:
        assert drain(host, 0, (mine, port), (mine, connected[0]))[0] == "1 connections left"
        assert drain(host, 0, (mine, connected[0]), (mine, port))[0] == "1 connections left"


def test_connections_are_looked_for_in_the_network_of_the_program_at_its_own_port(host, tmp_path, monkeypatch):
    # Both ends of a connection of this machine to itself are in one network: what is asked for must be looked at.
    (tmp_path / "nsenter").write_text(f'#!/bin/sh\nprintf "%s|" "$@" >>{tmp_path}/asked\n')
    (tmp_path / "nsenter").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    drain(host, 0, ("echo 4711", 3001))
    assert (tmp_path / "asked").read_text() == "--net=/proc/4711/ns/net|ss|-Htn|state|established|sport = :3001|"


@pytest.mark.parametrize("pid", ["echo 0", "echo", "false", "echo no such container", "echo 4194999"])
def test_an_instance_that_does_not_run_has_no_connections(host, connected, pid):
    words, took = drain(host, 20, (pid, connected[0]))
    assert words == "0 connections left"
    assert took < 10
