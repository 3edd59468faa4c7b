"""The recorder: a run is recorded once and whole, whoever is killed, and whatever the store does meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from handrail.errors import Refused
from handrail.journal import chain, head, recorder, run_record, spool
from handrail.journal.record import Entry
from handrail.journal.store import Store

BODY = {
    "run": "abc123",
    "system": "shop",
    "environment": "prod",
    "verb": "deploy",
    "started": "2026-11-21T10:00:00+00:00",
}
END = {**BODY, "outcome": "done", "exit_code": 0, "seconds": 12.5, "steps": [{"step": "stage", "at": "", "log": ""}]}
EVENT = {"step": "stage", "at": "2026-11-21T10:00:07+00:00", "outcome": "ok", "log": "", "words": "staged"}
WAIT_SECONDS = 20
CONTROLLER = """
import sys, time
from handrail.journal import recorder
mine = recorder.start()
mine.begin({body})
for number in range({events}):
    mine.event({event})
print("begun", mine.process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of its own, as the operator's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HANDRAIL_STORE", raising=False)
    monkeypatch.delenv("HANDRAIL_JOURNAL_KEY", raising=False)
    yield tmp_path
    recorder._forget()


def records(url=""):
    store = Store(url, signer=head.signer())
    found = list(store.stream())
    assert chain.verify(store).ok
    store.close()
    return found


def eventually(count):
    """Wait until there are so many records; a recorder whose run is gone takes a moment."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if Path(".handrail/journal.db").exists() and len(found := records()) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{records()} and {list(spool.FOLDER.iterdir())}")


def spools():
    return [path.name for path in spool.FOLDER.glob("*")]


def controller(events=3):
    """Start a controller that begins a run and stays; gives it and the recorder's process id."""
    words = CONTROLLER.format(body=BODY, event=EVENT, events=events)
    process = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True)
    _, pid = process.stdout.readline().split()
    return process, int(pid)


def killed(process, number=signal.SIGKILL):
    process.send_signal(number)
    process.communicate()


def gone(pid):
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.01)
    raise AssertionError(f"{pid} stays")


def test_a_run_is_recorded_when_it_begins_and_when_it_ends():
    mine = recorder.start()
    assert recorder.start() is mine
    assert mine.facts("shop", "prod", "deploy") == {
        "newest_at": "", "newest_at_seq": 0, "newest_seq": 0, "newest_hash": "", "durations": [], "rehearsals": [],
    }  # fmt: skip
    begun = mine.begin(BODY)
    assert spools() == ["abc123.jsonl"]
    mine.event(EVENT)
    ended = mine.end(END)
    assert spools() == []
    first, second = records()
    assert (first.kind, second.kind, second.outcome, second.seconds) == ("begun", "run", "done", 12.5)
    assert (begun["hash"], ended["hash"]) == (first.hash, second.hash)
    assert head.verified(ended)
    assert mine.facts("shop", "prod", "deploy")["durations"] == [12.5]


def test_facts_tell_of_runs_that_are_done_and_of_rehearsals_anywhere():
    store = Store("", signer=head.signer())
    place = {"system": "shop", "environment": "prod"}
    for number in range(25):
        store.append(Entry("run", {**place, "verb": "deploy", "outcome": "done", "seconds": number}))
    store.append(Entry("run", {**place, "verb": "deploy", "outcome": "failed", "seconds": 900}))
    store.append(Entry("run", {**place, "verb": "deploy", "outcome": "done", "seconds": 900, "environment": "staging"}))
    plan = {"release": {"version": "1.4.2", "sha256": ""}}
    for run in ("r1", "r2"):
        body = {**place, "environment": "staging", "verb": "rehearse", "outcome": "done", "seconds": 4, "run": run}
        store.append(Entry("run", {**body, "plan": plan, "change": "c1"}))
    store.close()
    mine = recorder.start()
    facts = mine.facts("shop", "prod", "deploy")
    assert facts["durations"] == [float(number) for number in range(24, 4, -1)]
    (rehearsal,) = facts["rehearsals"]
    assert rehearsal.pop("at") == facts["newest_at"]
    assert rehearsal == {
        "run": "r2", "verb": "rehearse", "environment": "staging", "release": "1.4.2", "seconds": 4.0, "seq": 29,
    }  # fmt: skip
    assert [run["run"] for run in mine.change_runs("c1")] == ["r1", "r2"]


def test_a_refused_run_is_recorded():
    assert recorder.start().refused({**BODY, "text": "the window is shut"})["seq"] == 1
    (record,) = records()
    assert (record.kind, record.outcome, record.retention) == ("refused", "refused", "change")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_lost_controller_is_recorded_with_the_steps_that_are_known(number):
    process, _ = controller()
    killed(process, number)
    _, last = eventually(2)
    body = last.content
    assert (last.kind, last.outcome, body["text"]) == ("run", "unknown", "the controller was lost")
    assert [step["words"] for step in body["steps"]] == ["staged"] * 3
    assert spools() == []


def test_the_recorder_hears_no_signal_that_is_meant_for_the_run():
    process, pid = controller()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(pid, number)
    killed(process)
    assert eventually(2)[-1].outcome == "unknown"


def test_a_recorder_that_was_killed_with_its_controller_is_made_up_for_by_the_next():
    process, pid = controller()
    until = time.monotonic() + WAIT_SECONDS
    while Path(".handrail/spool/abc123.jsonl").read_bytes().count(b"staged") < 3:
        assert time.monotonic() < until
    os.kill(pid, signal.SIGKILL)
    killed(process)
    gone(pid)
    assert spools() == ["abc123.jsonl"]
    recorder.start().facts("shop", "prod", "deploy")
    _, last = records()
    assert (last.outcome, last.seconds, len(last.content["steps"])) == ("unknown", 7.0, 3)
    assert spools() == []


def test_a_recorder_that_was_killed_alone_is_replaced_when_the_run_ends():
    mine = recorder.start()
    mine.begin(BODY)
    mine.event(EVENT)
    mine.process.kill()
    mine.process.wait()
    mine.event(EVENT)
    assert mine.end(END)["seq"] == 2
    assert [record.outcome for record in records()] == ["", "done"]
    assert spools() == []


def test_a_run_that_was_written_before_its_spool_was_removed_is_not_written_twice():
    store = Store("", signer=head.signer())
    spool.make("abc123", store=store.id, body=BODY, key=store.signer.seal).close()
    store.append(run_record.ended(END))
    assert run_record.adopt(store) == ["abc123"]
    assert [record.outcome for record in records()] == ["done"]
    assert spools() == []


def test_killed_at_any_moment_a_run_is_recorded_once():
    for number in range(4):
        words = CONTROLLER.format(body={**BODY, "run": f"run{number}"}, event=EVENT, events=50)
        process = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.DEVNULL)
        time.sleep(0.15 + number * 0.15)
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(pid), signal.SIGKILL)
        killed(process)
    recorder.start().facts("shop", "prod", "deploy")
    found = [record.run for record in records() if record.kind == "run"]
    begun = {record.run for record in records() if record.kind == "begun"}
    assert len(found) == len(set(found))
    assert begun <= set(found)
    assert not [name for name in spools() if name.endswith(".jsonl")]


def test_a_spool_that_was_cut_off_tells_what_is_whole():
    store = Store("", signer=head.signer())
    made = spool.make("abc123", store=store.id, body=BODY, key=store.signer.seal)
    made.write({"event": EVENT})
    os.pwrite(made.descriptor, b'{"event": {"step": "sta', made.size)
    made.close()
    run_record.adopt(store)
    assert len(records()[-1].content["steps"]) == 1


def test_what_is_added_to_a_spool_that_was_taken_over_stands_behind_what_is_there():
    made = spool.make("abc123", store="x", body=BODY, key=head.signer().seal)
    os.pwrite(made.descriptor, b'{"event": {"step": "sta', made.size)
    made.close()
    taken = spool.take("abc123", key=head.signer().seal)
    taken.keep({"end": END})
    told = spool.told(taken)
    taken.close()
    assert (told.store, told.body, told.end) == ("x", BODY, END)


def test_a_spool_that_somebody_holds_is_left_alone():
    store = Store("", signer=head.signer())
    held = spool.make("abc123", store=store.id, body=BODY, key=store.signer.seal)
    assert run_record.adopt(store) == []
    held.close()
    assert run_record.adopt(store) == ["abc123"]


def test_a_spool_of_another_store_waits_for_that():
    spool.make("abc123", store="another", body=BODY, key=head.signer().seal).close()
    assert run_record.adopt(Store("", signer=head.signer())) == []
    assert spools() == ["abc123.jsonl"]


def test_a_run_does_not_begin_when_its_journal_cannot_be_written():
    mine = recorder.start()
    mine.facts("shop", "prod", "deploy")
    Path(".handrail/journal.db").rename(".handrail/journal.old")
    with pytest.raises(Refused, match="was moved or removed"):
        mine.begin(BODY)
    assert spools() == []


def test_an_end_that_cannot_be_written_waits_and_is_made_up_for():
    mine = recorder.start()
    mine.begin(BODY)
    mine.event(EVENT)
    Path(".handrail/journal.db").rename(".handrail/journal.old")
    with pytest.raises(Refused, match=r"waits in \.handrail/spool/abc123\.jsonl"):
        mine.end({**END, "steps": [EVENT]})
    assert spools() == ["abc123.jsonl"]
    Path(".handrail/journal.old").rename(".handrail/journal.db")
    mine.close()
    _, last = eventually(2)
    assert (last.outcome, last.content["steps"]) == ("done", [EVENT])
    mine.process.wait(WAIT_SECONDS)
    assert spools() == []


def test_a_run_that_prints_too_much_is_recorded_all_the_same():
    mine = recorder.start()
    mine.begin(BODY)
    mine.end({**END, "steps": [{"step": "stage", "log": "x" * 100_000 + "why"} for _ in range(800)]})
    body = records()[-1].content
    assert body["steps"][0]["log"].startswith("… cut off here, the beginning of 100003 letters")
    assert body["steps"][0]["log"].endswith("why")


def test_text_that_is_no_text_reaches_the_journal():
    mine = recorder.start()
    mine.begin(BODY)
    mine.event({**EVENT, "log": "\udcff\0\x1b"})
    mine.end({**END, "steps": [{**EVENT, "log": "\udcff\0\x1b"}]})
    assert records()[-1].content["steps"][0]["log"] == "?\0\x1b"


def test_a_recorder_that_fails_says_why_and_nothing_begins(folder, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", "mysql://x:very-secret-word@h/d")
    with pytest.raises(Refused, match="a store of the kind 'mysql'"):
        recorder.start().begin(BODY)


def test_starting_imports_nothing_heavy():
    words = "import sys, handrail.journal.recorder; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True).stdout.split()
    assert not {"sqlalchemy", "cryptography", "tenacity", "psycopg"} & set(loaded)


def test_postgresql_that_is_gone_at_the_end_leaves_the_spool(postgresql, monkeypatch):
    monkeypatch.setenv("HANDRAIL_STORE", postgresql)
    mine = recorder.start()
    mine.begin(BODY)
    monkeypatch.setenv("HANDRAIL_STORE", "postgresql://postgres@127.0.0.1:1/postgres")
    mine.process.kill()
    mine.process.wait()
    with pytest.raises(Refused, match="PostgreSQL does not answer"):
        mine.end({**END, "steps": []})
    assert spools() == ["abc123.jsonl"]
    (second,) = recorder._mine
    recorder._forget()
    second.process.wait(WAIT_SECONDS)
    monkeypatch.setenv("HANDRAIL_STORE", postgresql)
    recorder.start().facts("shop", "prod", "deploy")
    assert [record.kind for record in records(postgresql)] == ["begun", "run"]
    assert records(postgresql)[-1].outcome == "done"
    assert spools() == []


def test_a_run_under_gevent_reaches_its_recorder_as_any_other():
    words = f"""
from gevent import monkey, spawn, joinall
monkey.patch_all()
from handrail.journal import recorder
mine = recorder.start()
mine.begin({BODY})
joinall([spawn(mine.event, {EVENT}) for _ in range(20)])
print(mine.end({END})["seq"])
"""
    done = subprocess.run([sys.executable, "-c", words], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["2"]
    assert records()[-1].outcome == "done"


@pytest.fixture
def small(tmp_path):
    """A folder on a disk of its own, which is small."""
    place = tmp_path / "small"
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=3M", "tmpfs", str(place)]
    mounted = subprocess.run(argv, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_fills_up_while_a_run_goes_on_loses_no_step(small, monkeypatch):
    monkeypatch.chdir(small)
    mine = recorder.start()
    mine.begin(BODY)
    with suppress(OSError):
        Path("rest").write_bytes(b"x" * 10_000_000)
    events = [{**EVENT, "words": "x" * 1000, "log": ""} for _ in range(200)]
    for event in events:
        mine.event(event)
    with pytest.raises(Refused, match=r"disk of the journal.*waits in"):
        mine.end({**END, "steps": events})
    Path("rest").unlink()
    mine.close()
    mine.process.wait(WAIT_SECONDS)
    last = records()[-1]
    assert (last.outcome, len(last.content["steps"])) == ("done", 200)
    assert spools() == []
