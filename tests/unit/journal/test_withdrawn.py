"""A run that was refused because its recorder did not answer never began, whatever that does later."""

from __future__ import annotations

import signal

import pytest

from handrail.errors import Refused
from handrail.journal import chain, recorder, run_record, spool
from handrail.journal.open import writer
from handrail.journal.reviews import unreviewed

WAIT_SECONDS = 20
BODY = {
    "run": "aabbccddeeff", "system": "shop", "environment": "prod", "verb": "deploy", "change": "", "emergency": True,
    "started": "2026-11-21T10:00:00+00:00",
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(url, tmp_path, monkeypatch):
    """A folder of its own, as the operator's; nobody waits long here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_STORE", url)
    monkeypatch.delenv("HANDRAIL_JOURNAL_KEY", raising=False)
    monkeypatch.setattr(recorder, "DEADLINE_SECONDS", 0.5)
    with writer():
        pass
    yield
    recorder._forget()


def spools():
    return list(spool.FOLDER.glob("*.jsonl"))


def refused(mine, **how):
    with pytest.raises(Refused, match="did not answer"):
        mine.begin(BODY, **how)


def ended(mine):
    mine.close()
    mine.process.wait(WAIT_SECONDS)
    with writer() as store:
        report = chain.verify(store)
        assert report.ok
        due = unreviewed(store, system="shop", environment="prod")
        return [(record.kind, record.outcome) for record in store.stream()], report.notes, due


def stopped():
    mine = recorder.start()
    mine.process.send_signal(signal.SIGSTOP)
    return mine


def test_a_run_whose_beginning_was_not_answered_is_recorded_as_refused():
    mine = stopped()
    refused(mine)
    mine.process.send_signal(signal.SIGCONT)
    kinds, notes, due = ended(mine)
    assert kinds == [("begun", ""), ("refused", "refused")]
    assert (notes, due, spools()) == ((), [], [])


def test_one_that_goes_on_without_an_answer_is_not_taken_back():
    mine = stopped()
    refused(mine, waits=True)
    mine.process.send_signal(signal.SIGCONT)
    kinds, _, due = ended(mine)
    assert kinds == [("begun", ""), ("run", "unknown")]
    assert len(due) == 1


def test_a_recorder_that_ended_before_it_answered_is_made_up_for():
    mine = recorder.start()
    mine.process.kill()
    mine.process.wait()
    with writer() as store:
        spool.make(BODY["run"], store=store.id, body=BODY, key=store.signer.seal).close()
    with pytest.raises(Refused, match="ended"):
        mine.begin(BODY)
    (second,) = recorder._mine
    kinds, _, due = ended(second)
    assert (kinds, due, spools()) == ([("refused", "refused")], [], [])


def test_what_was_taken_back_waits_where_the_store_is_away():
    with writer() as store:
        made = spool.make(BODY["run"], store=store.id, body=BODY, key=store.signer.seal)
        made.keep({"withdrawn": {"text": "the recorder did not answer"}})
        made.close()
        assert run_record.adopt(store) == [BODY["run"]]
        assert [(record.kind, record.content["text"]) for record in store.stream()] == [
            ("refused", "the recorder did not answer")
        ]
    assert not spools()
