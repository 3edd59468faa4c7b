"""Logs that cannot be read are no success: what could be read is shown, and what could not is named."""

from __future__ import annotations

import io
import shlex
import subprocess
from threading import Event
from types import SimpleNamespace

import pytest

from handrail.control import logs
from handrail.control.logs import Source
from handrail.control.verbs import show_logs
from handrail.errors import BadInput

BACKEND, REDIS = Source("web1", "backend"), Source("web1", "redis")
OTHER = Source("web2", "backend")


class Machine:
    """This machine in place of a host: what a host would run, a shell here runs."""

    def __init__(self, name):
        self.transport = SimpleNamespace(open_session=Channel)
        self.name = name


class Channel:
    """One command on it."""

    def __init__(self):
        self.status_event = Event()

    def settimeout(self, seconds):
        pass

    def exec_command(self, line):
        self.done = subprocess.run(["sh", "-c", line], capture_output=True, check=False, timeout=20)
        self.exit_status = self.done.returncode
        self.status_event.set()

    def makefile(self, _):
        return io.BytesIO(self.done.stdout)

    def makefile_stderr(self, _):
        return io.BytesIO(self.done.stderr)


class Machines:
    """Connections to such hosts."""

    def __init__(self, *_):
        self.inventory = SimpleNamespace(data={"web1": {}, "web2": {}, "gone": {}})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def on_each(self, hosts, do):
        return {host: do(host) for host in hosts}

    def of(self, host):
        if host == "gone":
            raise OSError("no route to host\nat all")
        return Machine(host)


def reads(script):
    return ("sh", "-c", script)


GOOD, BAD = reads("echo 1700000001.5 fine"), reads("echo 1700000000.5 first; echo the daemon is down >&2; exit 3")


def searched(argvs, pattern=""):
    lost = {}
    found = logs.search(Machines(), argvs, pattern=pattern, lines=0, lost=lost)
    return [entry.text for entry in found], lost


def test_a_log_that_cannot_be_read_is_named_and_the_rest_is_shown():
    texts, lost = searched({BACKEND: BAD, REDIS: GOOD, OTHER: GOOD})
    assert texts == ["first", "fine", "fine"]
    assert lost == {"web1": "backend: the daemon is down"}


def test_a_log_that_cannot_be_read_says_its_exit_code_when_it_says_nothing_else():
    assert searched({BACKEND: reads("exit 7"), REDIS: reads("exit 8")})[1] == {
        "web1": "backend: its reader ended with exit code 7; redis: its reader ended with exit code 8"
    }


def test_a_journal_whose_file_was_put_aside_meanwhile_is_read_once_more(tmp_path):
    twice = f"echo x >>{tmp_path}/reads; [ $(wc -l <{tmp_path}/reads) = 2 ]"
    lacks = "echo 'Failed to iterate through journal: Bad message' >&2; exit 1"
    texts, lost = searched({BACKEND: reads(f"{twice} && echo 1.5 whole || {{ echo 1.5 part; {lacks}; }}")})
    assert (texts, lost) == (["whole"], {})
    always = {BACKEND: reads(lacks)}
    assert searched(always)[1] == {"web1": "backend: Failed to iterate through journal: Bad message"}


@pytest.mark.parametrize("since", ["2026-02-30", "2026-01-31 25:00", "yesterday", "1w"])
def test_a_time_that_there_is_not_is_refused(since):
    with pytest.raises(BadInput, match="is no time"):
        logs.check_since(since)


def test_a_line_is_what_the_program_printed_whatever_unicode_calls_its_end():
    texts, _ = searched({BACKEND: reads("printf '1.5 one\\342\\200\\250two\\205\\n2.5 three\\n'")})
    assert texts == ["one\u2028two\ufffd", "three"]


def test_a_search_that_takes_too_long_is_named(monkeypatch):
    monkeypatch.setattr(logs, "SEARCH_SECONDS", 1)
    texts, lost = searched({BACKEND: reads("echo 1.5 a; exec sleep 30")})
    assert (texts, lost) == (["a"], {"web1": "backend: not read within 1 s"})


def test_a_host_that_is_gone_is_named_once(monkeypatch):
    gone = {Source("gone", "backend"): GOOD, Source("gone", "redis"): GOOD}
    assert searched(gone)[1] == {"gone": "no route to host"}


def followed(argvs, capsys):
    lost = {}
    texts = [entry.text for entry in logs.follow(Machines(), argvs, pattern="", lost=lost)]
    return texts, lost, capsys.readouterr().err


def test_following_ends_when_there_is_nothing_left_to_follow(capsys):
    texts, lost, said = followed({BACKEND: BAD, OTHER: GOOD, Source("gone", "backend"): GOOD}, capsys)
    assert sorted(texts) == ["fine", "first"]
    assert lost == {
        "web1": "backend: the daemon is down",
        "web2": "backend: its reader ended with exit code 0",
        "gone": "no route to host",
    }
    assert "web1: backend: the daemon is down" in said
    assert "gone: no route to host" in said


PROD = "inventories/prod.py"


@pytest.mark.parametrize("follow", [False, True])
def test_logs_that_could_not_be_read_end_with_one(monkeypatch, capsys, follow):
    monkeypatch.setattr("handrail.control.verbs.Connections", Machines)
    monkeypatch.setattr(logs, "commands", lambda *_, **__: {BACKEND: BAD})
    with pytest.raises(SystemExit) as ended:
        show_logs(PROD, "backend", since="", grep="", lines="0", follow=follow, output="", as_json=False)
    assert ended.value.code == 1
    told = capsys.readouterr()
    assert "first" in told.out
    assert "web1: backend: the daemon is down" in told.err


def test_lines_are_quoted_as_one_word_each():
    assert logs._line(Machines(), "web1", ("sh", "-c", "a b")) == shlex.join(("sh", "-c", "a b"))
