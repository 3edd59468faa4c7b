"""What a run tells its channels, and that no channel holds it up; without hosts."""

from __future__ import annotations

import os
import signal
import time

import pytest

from handrail.model.clearance import Clearance, Kind
from handrail.model.delivery import State, untold
from handrail.model.ended import Verdict
from handrail.model.happening import EMERGENCY, RUN
from handrail.model.intent import Intent, Verb
from handrail.model.version import Release
from handrail.notify import channel
from handrail.orchestration import notices
from handrail.orchestration.notices import Notices
from handrail.orchestration.run import Run
from tests import receivers
from tests.notified import loaded

DONE, FAILED = Verdict(0, "done", "1.0.0 -> 1.1.0"), Verdict(1, "failed", "cut over failed on edge1")
ALL = {"run.done": ["ops"], "run.failed": ["ops"], "emergency": ["ops"]}
SECRET = "hunter2-of-the-database"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Make a run of an environment whose channel has these URLs."""
    monkeypatch.setenv("HANDRAIL_STORE", f"sqlite:///{tmp_path}/place/journal.db")
    for name in ("SANVI_DB_PASSWORD", "SANVI_REDIS_PASSWORD"):
        monkeypatch.setenv(name, SECRET)

    def make(*urls, events=ALL, kind=Kind.NORMAL):
        here = loaded(tmp_path, events, ops=list(urls))
        clearance = Clearance(kind, {}, "sha256:0", reason=f"orders are lost {SECRET}")
        intent = Intent(Verb.DEPLOY, release=Release("1.1.0", "a" * 64))
        return Run(here.environment, intent, tmp_path, tmp_path, clearance, run_id="0a1b2c")

    return make


@pytest.fixture
def telling(run):
    """Make the notices of a run, and see that its sender ends."""
    made = []

    def make(*urls, **how):
        made.append(Notices(run(*urls, **how)))
        return made[-1]

    yield make
    for each in made:
        if each._herald is not None:
            each._herald.close()
            each._herald._process.kill()


@pytest.mark.parametrize(("end", "title"), [
    (DONE, "sanvi prod: deploy 1.1.0 done"), (FAILED, "FAILED on sanvi prod: deploy 1.1.0 failed"),
])  # fmt: skip
def test_the_end_of_a_run_is_told_and_its_will_taken_back(telling, end, title):
    with receivers.http() as server:
        telling_ = telling(server.url)
        telling_.begin()
        (told,) = telling_.ended(end)
        assert told.state is State.SENT
        telling_._herald._process.wait(timeout=30)
    assert server.titles() == [title]
    assert end.text in server.got[0]["message"]
    assert "0a1b2c" in server.got[0]["message"]


def test_an_emergency_is_told_when_it_begins_and_its_end_when_it_ends(telling):
    with receivers.http() as server:
        telling_ = telling(server.url, kind=Kind.EMERGENCY)
        telling_.begin()
        server.wait_for(1)
        (told,) = telling_.emergency()
        telling_.ended(DONE)
    assert told.state in {State.SENT, State.UNDER_WAY}
    assert server.titles() == ["EMERGENCY: deploy 1.1.0 on sanvi prod", "sanvi prod: deploy 1.1.0 done"]
    assert "orders are lost" in server.got[0]["message"]
    assert SECRET not in str(server.got)


def test_what_is_no_emergency_is_not_told_as_one(telling):
    with receivers.http() as server:
        telling_ = telling(server.url)
        telling_.begin()
        assert telling_.emergency() == ()
        telling_.ended(DONE)
    assert len(server.got) == 1


@pytest.mark.parametrize("kind", [Kind.NORMAL, Kind.EMERGENCY])
def test_a_channel_that_hangs_holds_up_no_run(telling, monkeypatch, kind):
    monkeypatch.setattr(notices, "END_SECONDS", 1)
    with receivers.deaf() as url:
        telling_ = telling(url, kind=kind)
        began = time.monotonic()
        telling_.begin()
        assert time.monotonic() - began < channel.TRY_SECONDS
        telling_.emergency()
        told = telling_.ended(DONE)
        assert time.monotonic() - began < 2 * channel.TRY_SECONDS
    assert [each.state for each in told] == [State.UNDER_WAY]
    assert untold(told).startswith("NOT TOLD: ops (OPS_1) under way: not there yet")


def test_a_sender_that_was_killed_is_replaced(telling):
    with receivers.http() as server:
        telling_ = telling(server.url)
        telling_.begin()
        os.kill(telling_._herald._process.pid, signal.SIGKILL)
        telling_._herald._process.wait()
        (told,) = telling_.ended(DONE)
    assert told.state is State.SENT
    assert server.titles() == ["sanvi prod: deploy 1.1.0 done"]


def test_a_run_that_did_not_begin_is_not_told(telling):
    assert telling("json://127.0.0.1/x").ended(FAILED) == ()


def test_no_sender_is_started_where_nobody_is_to_be_told(telling):
    telling_ = telling("json://127.0.0.1/x", events={"maintenance.ended": ["ops"]})
    telling_.begin()
    assert telling_._herald is None
    assert telling_.ended(DONE) == ()


def test_a_run_gives_every_fact_that_its_events_have(telling):
    facts = telling("x")._facts().keys() | {"system", "environment", "outcome", "text"}
    assert set(RUN) | set(EMERGENCY) == facts
