"""The gate of an edge: the hold page, and going back when the disk cannot be written."""

from __future__ import annotations

import os
import subprocess

import pytest

from handrail.model.fleet import Outcome
from tests.unit.host_folder import Host

MESSAGE = 'Zurück um 14:00; say "hi" to $(id) `id` $host \\n } \'%'
EDGE = "10.0.0.1:80"


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    host.take("run-1")
    return host


def gate(host, verb, *, slot="green", stdin=""):
    arguments = (verb, slot, 60, 0, "", "sanvi-test", "localhost", EDGE, EDGE, "")
    return host.fenced(1, "run-1", "gate", "gate_do", arguments=arguments, stdin=stdin)


def page(host):
    return (host.root / "gate/maintenance").read_text()


def cut_over(host):
    (host.run_directory / "green").write_text("1 green 99999999999\n")


def test_what_clients_read_is_what_comes_on_standard_input_and_nothing_in_it_is_run(host):
    reply = gate(host, "hold", stdin=MESSAGE)
    assert (reply.outcome, reply.words) == (Outcome.OK, "requests get the hold page")
    assert page(host) == f"{MESSAGE}\n"


def test_the_message_is_in_no_argument_and_in_no_journal(host):
    gate(host, "hold", stdin=MESSAGE)
    assert MESSAGE not in (host.root / "journal").read_text()


def test_a_hold_page_that_is_up_gets_another_message(host):
    gate(host, "hold", stdin="a long first message")
    assert gate(host, "hold", stdin="short").outcome is Outcome.OK
    assert page(host) == "short\n"


def test_a_hold_page_is_put_in_place_whole(host):
    gate(host, "hold", stdin=MESSAGE)
    assert {path.name for path in (host.root / "gate").iterdir()} == {"maintenance"}
    assert (host.root / "gate/maintenance").stat().st_mode & 0o777 == 0o644


def test_a_hold_page_that_cannot_be_written_is_told(host):
    (host.root / "gate/maintenance").mkdir()
    reply = gate(host, "hold", stdin=MESSAGE)
    assert (reply.outcome, reply.words) == (Outcome.FAILED, f"cannot write {host.root}/gate")


def test_traffic_is_let_in_also_when_it_was_never_held(host):
    gate(host, "hold", stdin=MESSAGE)
    assert [gate(host, "resume").words for _ in range(2)] == ["requests are let in"] * 2
    assert not (host.root / "gate/maintenance").exists()


def test_holding_moves_no_traffic(host):
    cut_over(host)
    (host.root / "gate/record").write_text("1 blue\n")
    gate(host, "hold", stdin=MESSAGE)
    gate(host, "resume")
    assert (host.run_directory / "green").exists()
    assert (host.root / "gate/record").read_text() == "1 blue\n"


def test_what_the_timer_runs_is_the_script_as_it_is_whatever_systemd_makes_of_words(host, tmp_path, monkeypatch):
    """systemd puts variables of its own in the place of ${NAMES} in a command."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in (("systemd-run", f'printf "%s\\n" "$@" >{tmp_path}/said'), ("systemctl", "true")):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    revert = 'echo "${1##*/} $2 ${3%-*}"'
    arguments = ("cut_over", "green", 60, 0, revert, "sanvi-test", "localhost", EDGE, EDGE, "")
    assert host.fenced(1, "run-1", "gate", "gate_do", arguments=arguments).outcome is Outcome.OK
    said = (tmp_path / "said").read_text().splitlines()
    assert not any("${" in word for word in said)
    line = said[said.index("sh") :]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split() == ["root", str(host.run_directory), "1"]


def unwritable(path):
    """Put a directory where a file should be: what nobody can write to, not even root."""
    path.mkdir()


def test_an_edge_goes_back_though_it_cannot_note_that_it_did(host):
    cut_over(host)
    unwritable(host.run_directory / ".gone.1")
    reply = gate(host, "back")
    assert (reply.outcome, reply.words) == (Outcome.OK, "away from green")
    assert not (host.run_directory / "green").exists()


def test_a_timer_goes_back_though_the_disk_cannot_be_written(host):
    cut_over(host)
    (host.root / "gate/record").write_text("1 green\n")
    unwritable(host.root / "gate/green")
    host.run("gate", "gate_revert", arguments=(1, "run-1", "sanvi-test", "localhost", EDGE, EDGE))
    assert not (host.run_directory / "green").exists()


def test_a_slot_that_cannot_be_settled_is_told(host):
    unwritable(host.root / "gate/green")
    reply = gate(host, "settle")
    assert (reply.outcome, reply.words) == (Outcome.FAILED, f"cannot write {host.root}/gate")
