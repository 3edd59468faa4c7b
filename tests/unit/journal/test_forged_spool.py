"""What somebody else writes into the spool is no evidence: it opens no gate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handrail.journal import chain, head, run_record, spool
from handrail.journal.facts import change_runs, facts
from handrail.journal.keeper import Keeper
from handrail.journal.open import writer

NOW = "2026-11-21T10:00:00.000+00:00"
CHANGE = "shop-prod-20261124-0a1b2c"
BODY = {
    "run": "ffffffffffff", "system": "shop", "environment": "staging", "verb": "rehearse", "change": CHANGE,
    "started": NOW,
}  # fmt: skip
END = {"outcome": "done", "exit_code": 0, "seconds": 4.0, "ended": NOW}
EVENT = {"step": "stage", "at": NOW, "outcome": "ok"}
FILE = spool.FOLDER / "ffffffffffff.jsonl"


@pytest.fixture
def store(url, tmp_path, monkeypatch):
    """The journal of a folder of its own, in each kind of store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HANDRAIL_STORE", url)
    monkeypatch.delenv("HANDRAIL_JOURNAL_KEY", raising=False)
    with writer() as opened:
        yield opened


def made(store, *lines, key=None):
    """Make a spool as a recorder does, which is gone then."""
    one = spool.make(BODY["run"], store=store.id, body=BODY, key=store.signer.seal if key is None else key)
    for line in lines:
        one.keep(line)
    one.close()
    content = FILE.read_bytes().rstrip(b"\0")
    FILE.write_bytes(content)
    return content


def ends(store):
    assert chain.verify(store).ok
    return [(record.outcome, record.content.get("text")) for record in store.stream() if record.kind == "run"]


def shown(store):
    """Tell what the gate is told."""
    told = facts(store, system="shop", environment="staging", verb="rehearse")
    return told["rehearsals"], told["durations"], [run["outcome"] for run in change_runs(store, CHANGE)]


def test_what_a_recorder_wrote_is_recorded(store):
    made(store, {"event": EVENT}, {"end": {**END, "text": "fine"}})
    assert run_record.adopt(store) == [BODY["run"]]
    assert ends(store) == [("done", "fine")]
    assert list(spool.FOLDER.iterdir()) == []


def test_a_file_that_was_written_by_hand_shows_no_rehearsal(store, capsys):
    spool.FOLDER.mkdir(parents=True)
    lines = [{"store": store.id, "begin": BODY}, {"event": EVENT}, {"end": END}]
    FILE.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert run_record.adopt(store) == [BODY["run"]]
    assert ends(store) == [("unknown", run_record.UNPROVEN)]
    assert shown(store) == ([], [], ["unknown"])
    assert Path(f"{FILE}.bad").exists()
    assert "not written with this machine's journal key" in capsys.readouterr().err


def test_another_key_proves_nothing(store, tmp_path):
    made(store, {"end": END}, key=head.signer(str(tmp_path / "mine.key")).seal)
    run_record.adopt(store)
    assert ends(store) == [("unknown", run_record.UNPROVEN)]


def test_an_end_that_was_added_by_hand_is_none(store):
    content = made(store, {"event": EVENT})
    for end in (json.dumps({"end": END}), json.dumps({"end": END}) + "\t" + "0" * 64):
        FILE.write_bytes(content + end.encode() + b"\n")
        run_record.adopt(store)
        assert ends(store) == [("unknown", run_record.LOST)]
        assert len(store.stream().__next__().content["steps"]) == 1
        assert Path(f"{FILE}.bad").exists()


@pytest.mark.parametrize("way", ["edited", "moved", "left out", "of another run"])
def test_lines_prove_themselves_and_those_before_them(store, way):
    content = made(store, {"event": EVENT}, {"event": {**EVENT, "outcome": "failed"}}, {"end": END})
    begin, first, second, end, _ = content.split(b"\n")
    FILE.write_bytes(b"\n".join({
        "edited": [begin, first, second.replace(b"failed", b"ok"), end],
        "moved": [begin, second, first, end],
        "left out": [begin, first, end],
        "of another run": [begin.replace(b"ffffffffffff", b"aaaaaaaaaaaa"), first, second, end],
    }[way]) + b"\n")  # fmt: skip
    run_record.adopt(store)
    assert [outcome for outcome, _ in ends(store)] == ["unknown"]
    assert shown(store)[:2] == ([], [])


def test_who_goes_on_with_a_spool_goes_on_with_its_proof(store):
    made(store, {"event": EVENT})
    FILE.write_bytes(FILE.read_bytes() + b'{"event": {"step": "sta')
    keeper = Keeper()
    keeper.do({"do": "end", "body": {**BODY, **END, "steps": [EVENT]}})
    keeper.close()
    assert [outcome for outcome, _ in ends(store)] == ["done"]
    taken = made(store, {"event": EVENT})
    again = spool.take(BODY["run"], key=store.signer.seal)
    again.keep({"end": END})
    assert spool.told(again).proven
    assert (spool.told(again).end, spool.told(again).damaged) == (END, "")
    again.close()
    assert FILE.read_bytes().startswith(taken)


def test_without_a_journal_key_what_restores_service_is_recorded_and_proves_nothing(store, tmp_path, monkeypatch):
    wrong = tmp_path / "wrong.key"
    wrong.write_text("no key")
    wrong.chmod(0o600)
    with monkeypatch.context() as here:
        here.setenv("HANDRAIL_JOURNAL_KEY", str(wrong))
        keeper = Keeper()
        assert "waits" in keeper.do({"do": "begin", "body": BODY, "waits": True})
        keeper.note(EVENT)
        keeper.leave()
        keeper.spool.close()
        keeper.close()
    run_record.adopt(store)
    assert ends(store) == [("unknown", run_record.UNPROVEN)]
