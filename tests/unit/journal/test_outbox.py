"""The outbox: one message for each key, whoever sends at the same time, or is killed; in either kind of store."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from handrail.errors import Refused
from handrail.journal import chain, tables
from handrail.journal.store import Store
from handrail.model.delivery import Delivery, State
from handrail.model.happening import Happening
from handrail.model.message import message
from handrail.notify import outbox
from handrail.notify.announce import announce
from handrail.notify.outbox import Outbox, Slip, rows
from handrail.notify.sender import Sender
from tests import receivers
from tests.notified import loaded
from tests.unit.journal.entries import filled, hands

SLIP = Slip("shop", "prod", "run.failed", "r1", "ops", "OPS_URL", "me")
OTHER = replace(SLIP, owner="another")
SENT = Delivery("ops", "OPS_URL", State.SENT, 2)
FACTS = {"text": "it broke", "verb": "deploy"}
# Whoever announces in a process of its own.
TELLER = """
import sys
from pathlib import Path
from handrail.model.happening import Happening
from handrail.notify.announce import announce
from tests.notified import loaded
told = announce(loaded(Path(sys.argv[1]), {"run.failed": ["ops"]}, ops=sys.argv[2]), Happening.RUN_FAILED, {}, key="r1")
print(*(each.state for each in told))
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture
def store(url, monkeypatch):
    """Let HANDRAIL_STORE name the store, and give a way to list what is in its outbox."""
    monkeypatch.setenv("HANDRAIL_STORE", url)

    def listed(system="shop"):
        with Store(url) as opened:
            return rows(opened, system=system, environment="prod", since="")

    return listed


def test_what_was_sent_is_not_sent_again(store):
    box = Outbox()
    assert box.claim(SLIP, "it failed") is None
    assert box.claim(OTHER, "it failed") is State.UNDER_WAY
    box.mark(SLIP, SENT)
    assert box.claim(OTHER, "it failed") is State.BEFORE
    (row,) = store()
    assert (row.state, row.tries, row.title, row.channel, row.secret) == (State.SENT, 2, "it failed", "ops", "OPS_URL")
    assert row.at <= row.ended


@pytest.mark.parametrize("other", ["system", "environment", "event", "key", "channel", "secret"])
def test_another_message_is_another_message(store, other):
    box = Outbox()
    assert box.claim(SLIP, "") is None
    assert box.claim(replace(OTHER, **{other: "x"}), "") is None


def test_what_failed_can_be_sent_again_and_its_tries_add_up(store):
    box = Outbox()
    box.claim(SLIP, "")
    box.mark(SLIP, replace(SENT, state=State.FAILED, text="error=500"))
    (row,) = store()
    assert (row.state, row.text) == (State.FAILED, "error=500")
    assert box.claim(OTHER, "") is None
    box.mark(OTHER, SENT)
    (row,) = store()
    assert (row.state, row.tries, row.text) == (State.SENT, 4, "")


def test_a_claim_that_nobody_renews_is_lost_and_taken_again(store, monkeypatch):
    ahead, clock = [0], outbox._clock
    monkeypatch.setattr(outbox, "_clock", lambda connection: clock(connection) + ahead[0])
    box = Outbox()
    box.claim(SLIP, "")
    ahead[0] = outbox.CLAIM_SECONDS - 5
    assert box.renew(SLIP)
    ahead[0] = outbox.CLAIM_SECONDS + 5
    assert box.claim(OTHER, "") is State.UNDER_WAY, "it was renewed"
    ahead[0] = 2 * outbox.CLAIM_SECONDS
    assert [row.state for row in store()] == [State.LOST]
    assert box.claim(OTHER, "") is None
    assert not box.renew(SLIP), "whoever slept has nothing any more"
    box.mark(SLIP, SENT)
    assert [row.state for row in store()] == [State.UNDER_WAY], "and has no say in it"


def test_rows_go_after_a_year(store, url):
    box = Outbox()
    box.claim(SLIP, "")
    with hands(url) as sql:
        sql("UPDATE outbox SET at = '2020-01-01T00:00:00.000Z'")
    box.claim(replace(SLIP, key="r2"), "")
    assert [row.key for row in store()] == ["r2"]


def test_a_journal_that_was_there_before_gets_an_outbox_and_stays_whole(url, open_store, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", url)
    opened = filled(open_store(url), 3)
    assert rows(opened, system="shop", environment="prod", since="") == []
    assert Outbox().claim(SLIP, "") is None
    assert len(rows(opened, system="shop", environment="prod", since="")) == 1
    assert chain.verify(opened).ok
    assert opened.reading(tables.version_of) == tables.VERSION
    filled(opened, 1)


def test_an_outbox_that_was_there_before_becomes_a_journal(url, open_store, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", url)
    assert Outbox().claim(SLIP, "") is None
    opened = filled(open_store(url), 3)
    assert chain.verify(opened).ok


def test_a_store_of_a_newer_version_is_left_alone(url, open_store, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", url)
    open_store(url)
    with hands(url) as sql:
        sql("UPDATE meta SET value = '9' WHERE name = 'version'")
    with pytest.raises(Refused, match="versions up to"):
        Outbox().claim(SLIP, "")


def teller(folder, url):
    argv = [sys.executable, "-c", TELLER, str(folder), url]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": "src:."})


def test_two_processes_at_once_send_one_message(store, tmp_path):
    with receivers.http(slow=1) as server:
        both = [teller(tmp_path, server.url) for _ in range(2)]
        said = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert said == ["sent", "sent before"]
    assert len(server.got) == 1


def deliver(folder, url):
    """Send as a sender does, in this process."""
    here = loaded(folder, {"run.failed": ["ops"]}, ops=url)
    told = message(here.environment, Happening.RUN_FAILED, FACTS, key="r1")
    target = {"channel": "ops", "secret": "OPS_1", "source": {"file": "OPS_1.url"}}
    return Sender("sanvi", "prod", folder).deliver(told, target)


def test_the_message_of_a_killed_sender_is_taken_over(store, tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "CLAIM_SECONDS", 2)
    with receivers.deaf() as silent:
        killed = multiprocessing.get_context("fork").Process(target=deliver, args=(tmp_path, silent))
        killed.start()
        until = time.monotonic() + 20
        while not store("sanvi") and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(killed.pid, signal.SIGKILL)
        killed.join()
    assert [row.state for row in store("sanvi")] == [State.UNDER_WAY]
    with receivers.http() as server:
        told = deliver(tmp_path, server.url)
        assert str(told) == "ops (OPS_1) sent"
        assert str(deliver(tmp_path, server.url)) == "ops (OPS_1) sent before"
    assert len(server.got) == 1
    assert [row.state for row in store("sanvi")] == [State.SENT]


def test_a_store_that_is_away_keeps_nobody_from_being_told(tmp_path, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", f"postgresql://u:{receivers.PASSWORD}@127.0.0.1:1/x")
    with receivers.http() as server:
        here = loaded(tmp_path, {"run.failed": ["ops"]}, ops=server.url)
        (told,) = announce(here, Happening.RUN_FAILED, FACTS, key="r1")
    assert len(server.got) == 1
    assert told.state is State.SENT
    assert "not in the outbox, so it may be sent again: PostgreSQL does not answer" in told.text
    assert receivers.PASSWORD not in told.text
