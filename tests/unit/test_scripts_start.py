"""How a start waits for health: what was started again and again before it is no reason to give up."""

from __future__ import annotations

import shlex

import pytest

from handrail.model.fleet import Outcome
from tests.unit.host_folder import Host, answering

# What the runtimes do in `died`: three more than there were when the wait began.
DIED = '[ "$(($(cat {count}) - ${{RESTARTS:-0}}))" -ge 3 ]'


@pytest.fixture
def host(tmp_path):
    host = Host(tmp_path)
    host.take("run")
    return host


@pytest.fixture
def count(tmp_path):
    """A file that holds how often the program was started again in its life."""
    file = tmp_path / "count"
    file.write_text("0\n")
    return file


def start(host, count, *, status=503, begin=":", counts=True):
    """Start what answers with a status; `begin` is what the runtime does."""
    reads = f"cat {shlex.quote(str(count))}" if counts else ""
    with answering(status) as port:
        words = ("blue", "web", begin, reads, DIED.format(count=count), "echo its log", port, "/", 200, 0.1, 1, 1)
        return host.fenced(1, "run", "start", arguments=words)


def test_startup_waits_for_what_was_in_a_crash_loop_for_hours_and_was_left_alone(host, count):
    count.write_text("500\n")
    reply = start(host, count)
    assert reply.outcome is Outcome.FAILED
    assert "web was not healthy within 1 s" in reply.words
    assert start(host, count, status=200).outcome is Outcome.OK


def test_a_proxy_of_the_host_is_not_asked_for_what_the_host_has_itself(host, count, monkeypatch):
    for name in ("http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert start(host, count, status=200).outcome is Outcome.OK


def test_what_dies_again_and_again_while_it_is_waited_for_is_dead(host, count):
    count.write_text("500\n")
    loop = f"(sleep 0.3; echo 503 >{count}) >/dev/null 2>&1 &"
    assert start(host, count, begin=loop).words == "web died before it was healthy"


@pytest.mark.parametrize("already", [1, 2])
def test_what_was_made_anew_counts_from_its_first_restart(host, count, already):
    count.write_text("500\n")
    loop = f"echo {already} >{count}; (sleep 0.3; echo 3 >{count}) >/dev/null 2>&1 &"
    assert start(host, count, begin=loop).words == "web died before it was healthy"


def test_what_is_started_in_an_empty_slot_counts_from_nothing(host, count):
    loop = f"echo 2 >{count}; (sleep 0.3; echo 3 >{count}) >/dev/null 2>&1 &"
    assert start(host, count, begin=loop, counts=False).words == "web died before it was healthy"


def test_a_count_that_cannot_be_read_is_none(host, count):
    count.write_text("Error: No such object\n")
    assert start(host, count, status=200).outcome is Outcome.OK
