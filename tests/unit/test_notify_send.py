"""Messages on their way to real receivers: tried again, given up in time, without their URL in any word."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from handrail.model.delivery import State
from handrail.model.happening import Happening
from handrail.model.message import message
from handrail.notify import channel, herald
from handrail.notify.announce import announce
from handrail.notify.herald import Herald
from handrail.notify.sender import Sender
from tests import receivers
from tests.notified import loaded

FACTS = {"verb": "deploy", "what": "1.1.0", "outcome": "failed", "text": "it broke <badly> & *twice*\nsee the log"}
FAILED = {"run.failed": ["ops"]}


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/place/journal.db")
    return tmp_path / "place" / "journal.db"


def told(folder, urls, *, key="r1", wait=40.0):
    return announce(loaded(folder, FAILED, ops=urls), Happening.RUN_FAILED, FACTS, key=key, wait=wait)


def one(here):
    return message(here.environment, Happening.RUN_FAILED, FACTS, key="r1")


@pytest.fixture
def some(tmp_path_factory):
    """A message, for what needs no channel."""
    return one(loaded(tmp_path_factory.mktemp("some"), {}, ops="x"))


@pytest.fixture
def quick(monkeypatch):
    """Send in this process, with short pauses."""
    monkeypatch.setattr(channel, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(channel, "JITTER", 0.01)

    def deliver(folder, *urls):
        here = loaded(folder, FAILED, ops=list(urls))
        sender = Sender("sanvi", "prod", folder)
        secrets = here.environment.system.notify.urls_of("ops")
        return [
            sender.deliver(one(here), {"channel": "ops", "secret": each, "source": {"file": f"{each}.url"}})
            for each in secrets
        ]

    return deliver


def test_a_message_arrives_by_http_and_by_mail_once(tmp_path):
    with receivers.http() as server, receivers.smtp() as box:
        first = told(tmp_path, [server.url, box.url])
        again = told(tmp_path, [server.url, box.url])
    assert [each.state for each in first] == [State.SENT, State.SENT]
    assert [each.state for each in again] == [State.BEFORE, State.BEFORE]
    (post,), (mail,) = server.got, box.mails
    assert post["title"] == mail["Subject"] == "FAILED on sanvi prod: deploy 1.1.0 failed"
    assert post["type"] == "failure"
    assert post["message"].startswith(FACTS["text"])
    assert mail.get_content().replace("\r\n", "\n").startswith(FACTS["text"])
    assert mail["To"] == "ops@example.com"


def test_an_answer_of_500_is_tried_again_with_growing_pauses(tmp_path):
    with receivers.http(500, 500) as server:
        (sent,) = told(tmp_path, server.url)
    assert (sent.state, sent.tries) == (State.SENT, 3)
    assert [each["status"] for each in server.got] == [500, 500, 200]
    first, second = (later - earlier for earlier, later in zip(server.at, server.at[1:], strict=False))
    assert first >= channel.FIRST_PAUSE
    assert second >= 2 * channel.FIRST_PAUSE


def test_a_url_that_is_down_does_not_keep_another_from_being_told(tmp_path, quick):
    with receivers.http() as server:
        failed, sent = quick(tmp_path, receivers.nobody(), server.url)
    assert sent.state is State.SENT
    assert (failed.state, failed.tries) == (State.FAILED, channel.TRIES)
    assert "onnection" in failed.text
    with receivers.http() as server:
        sent, before = quick(tmp_path, server.url, receivers.nobody())
    assert (sent.state, before.state) == (State.SENT, State.BEFORE), "what failed can be told again"


def test_whoever_waits_for_a_channel_that_hangs_goes_on_in_time(tmp_path):
    began = time.monotonic()
    with receivers.deaf() as url:
        (late,) = told(tmp_path, url, wait=2)
        assert time.monotonic() - began < 20
    assert late.state is State.UNDER_WAY
    assert "fab notify.list" in late.text


@contextmanager
def dripping():
    """Give the URL of a server that answers a byte from time to time, and never all."""
    over = threading.Event()

    def drip(peer):
        with suppress(OSError), peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not over.wait(0.05):
                peer.sendall(b"x")

    def accept():
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"json://127.0.0.1:{server.getsockname()[1]}/{receivers.SECRET}"
        over.set()


def test_a_try_has_a_deadline_that_a_slow_answer_does_not_move(some, quick, monkeypatch):
    monkeypatch.setattr(channel, "TRY_SECONDS", 0.5)
    channel.prepare()
    began = time.monotonic()
    with dripping() as url:
        sent = channel.send(url, some, until=began + 300, ours=lambda: True)
    assert (sent.ok, sent.tries) == (False, channel.TRIES)
    assert "no answer" in sent.text
    assert time.monotonic() - began < 60


def test_all_tries_together_have_a_deadline(some, quick, monkeypatch):
    monkeypatch.setattr(channel, "TRY_SECONDS", 30)
    channel.prepare()
    began = time.monotonic()
    with dripping() as url:
        sent = channel.send(url, some, until=began + 1, ours=lambda: True)
    assert (sent.ok, sent.tries) == (False, 1)
    assert time.monotonic() - began < 20


def test_nothing_is_sent_that_another_one_has_taken_over(some):
    with receivers.http() as server:
        sent = channel.send(server.url, some, until=time.monotonic() + 5, ours=lambda: False)
    assert (sent.ok, sent.tries, server.got) == (False, 0, [])


@pytest.mark.parametrize("url", ["no url at all", "nosuch://host/x", "slack://x", ""])
def test_a_secret_that_is_no_url_is_told_without_it(tmp_path, quick, url):
    (failed,) = quick(tmp_path, url)
    assert (failed.state, failed.tries) == (State.FAILED, 0)
    assert "Apprise URL" in failed.text or "the secret OPS_1 is not in the file" in failed.text
    assert not url or url not in failed.text


def test_parts_of_a_url_are_in_no_word():
    url = "slack://bot@TokenAAAA/TokenBBBB/Token%2FCCCC?to=%23channel-x&footer=no"
    said = "HTTPSConnectionPool: /TokenAAAA/tokenbbbb Token%2FCCCC Token/CCCC #channel-x error=403"
    assert (
        channel.without(said, url)
        == "HTTPSConnectionPool: /********/******** ******** ********/******** ******** error=403"
    )


def test_the_url_is_nowhere(tmp_path, store, quick, capfd, monkeypatch):
    # The command line is looked at, too: that of a fork is not its own.
    monkeypatch.setattr(herald, "subprocess", subprocess)
    seen = set()
    with receivers.http(500) as server:
        here = loaded(tmp_path, FAILED, ops=server.url)
        with Herald(here) as sender:
            number = sender.tell(one(here), ["ops"])
            deliveries = ()
            while not deliveries or any(each.state is State.UNDER_WAY for each in deliveries):
                seen.add((Path("/proc") / str(sender._process.pid) / "cmdline").read_bytes().decode())
                deliveries = sender.told(number, wait=0.2)
    (tmp_path / "place" / "journal.db").rename(tmp_path / "first.db")
    # Apprise names the host of a URL, which may be a secret as well.
    failed = quick(tmp_path, receivers.nobody(), f"json://{receivers.SECRET}.invalid/x")
    assert [each.state for each in failed] == [State.FAILED, State.FAILED]
    deliveries = (*deliveries, *failed)
    for file in (tmp_path / "first.db", store):
        seen |= set(sqlite3.connect(file).iterdump())
    seen |= set(capfd.readouterr()) | {str(each.json()) for each in deliveries}
    assert "handrail.notify.sender" in "".join(seen)
    assert "run.failed" in "".join(seen)
    for part in (receivers.SECRET, receivers.PASSWORD, "json://"):
        assert part.lower() not in "".join(seen).lower()


def test_a_will_is_sent_when_its_teller_is_gone_and_not_when_it_was_taken_back(tmp_path):
    with receivers.http() as server:
        here = loaded(tmp_path, FAILED, ops=server.url)
        kept, forgotten = Herald(here), Herald(here)
        kept.will(one(here), ["ops"])
        forgotten.will(message(here.environment, Happening.RUN_FAILED, {"what": "forgotten"}, key="r2"), ["ops"])
        forgotten.forget()
        for each in (kept, forgotten):
            each.close()
            each._process.wait(timeout=30)
    assert server.titles() == ["FAILED on sanvi prod: deploy 1.1.0 failed"]


def test_what_was_told_is_sent_though_nobody_waits(tmp_path):
    with receivers.http(500, slow=0.5) as server:
        here = loaded(tmp_path, FAILED, ops=server.url)
        with Herald(here) as sender:
            sender.tell(one(here), ["ops"])
        server.wait_for(1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            sender._process.send_signal(number)
        sender._process.wait(timeout=30)
    assert len(server.messages()) == 1


def test_a_sender_that_is_killed_is_told_at_once(tmp_path, some):
    with receivers.deaf() as url, Herald(loaded(tmp_path, FAILED, ops=url)) as sender:
        number = sender.tell(some, ["ops"])
        os.kill(sender._process.pid, signal.SIGKILL)
        began = time.monotonic()
        (failed,) = sender.told(number, wait=30)
        assert time.monotonic() - began < 20
    assert (failed.state, failed.text, sender.gone) == (State.FAILED, herald.ENDED, True)


def test_a_sender_that_cannot_be_started_is_no_error_of_whoever_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(herald.sys, "executable", "/nowhere/python")
    (failed,) = told(tmp_path, "json://127.0.0.1/x")
    assert failed.state is State.FAILED
    assert "cannot be started" in failed.text


def test_without_apprise_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "apprise.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}/shadow:{os.environ.get('PYTHONPATH', '')}")
    (failed,) = told(tmp_path, "json://127.0.0.1/x")
    assert failed.text == "Apprise is not installed: pip install 'handrail[notify]'"


def test_nobody_is_told_where_no_channel_is_named(tmp_path):
    here = loaded(tmp_path, {}, ops="json://127.0.0.1/x")
    assert announce(here, Happening.RUN_DONE, FACTS, key="r1") == ()
