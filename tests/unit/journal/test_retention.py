"""Pruning: bodies go when they are old enough, with a proof; whatever else is gone is found."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from handrail.errors import BadInput, Refused
from handrail.journal import chain, clock, export, retention
from handrail.journal.finding import Manipulation
from handrail.journal.record import Entry, Retention, written
from tests.unit.journal.entries import hands

NOW = datetime(2026, 11, 21, tzinfo=UTC)
UNPROVEN = Manipulation.UNPROVEN


@pytest.fixture(autouse=True)
def clocks(monkeypatch):
    """The time of these tests is not that of the machine."""
    monkeypatch.setattr(clock, "kernel", lambda: None)
    monkeypatch.setattr(clock, "database", lambda _: None)


@pytest.fixture
def journal(url, open_store):
    """Four records of each class, of four, three, two and no years ago."""
    store = open_store(url)
    for years in (4, 3.01, 2, 0):
        for each in Retention:
            at = NOW - timedelta(days=365.25 * years)
            store.append(Entry("run", {"run": f"{each}-{years}", "who": "somebody"}, each), at=at)
    return store


def gone(store):
    return {record.run for record in store.stream() if record.body is None}


def named(store):
    return [(each.what, each.first, each.last) for each in chain.verify(store).findings]


def test_old_bodies_go_class_by_class_and_the_journal_stays_whole(journal):
    proofs = retention.prune(journal, {}, now=NOW, who="ops@desk")
    assert gone(journal) == {
        "access-4", "access-3.01", "access-2", "data-4", "data-3.01", "change-4", "change-3.01",
    }  # fmt: skip
    assert {proof["class"]: proof["count"] for proof in proofs} == {"access": 3, "data": 2, "change": 2}
    report = chain.verify(journal)
    assert report.ok
    assert report.pruned == 7


def test_pruning_again_prunes_what_became_old_meanwhile_and_never_the_proofs(journal):
    retention.prune(journal, {}, now=NOW)
    assert retention.prune(journal, {}, now=NOW) == []
    later = NOW + timedelta(days=3000)
    journal.append(Entry("read", {"run": "today"}, Retention.ACCESS), at=later)
    retention.prune(journal, {}, now=later)
    assert len(gone(journal)) == 12
    assert all(record.body is not None for record in journal.stream() if record.kind == "pruned")
    assert chain.verify(journal).ok


def test_a_body_that_is_gone_without_a_pruning_is_named(journal, url):
    retention.prune(journal, {}, now=NOW)
    with hands(url) as do:
        do("UPDATE records SET body = NULL WHERE seq = 9")
    assert named(journal) == [(UNPROVEN, 9, 9)]


def test_a_pruned_record_that_was_removed_is_named(journal, url):
    retention.prune(journal, {}, now=NOW)
    with hands(url) as do:
        do("DELETE FROM records WHERE seq = 4")
    assert (Manipulation.REMOVED, 4, 4) in named(journal)
    # Its class was pruned from record 1 to 7, and the proof counts it.
    assert (UNPROVEN, 1, 7) in named(journal)


def test_a_proof_that_was_removed_proves_nothing(journal, url):
    retention.prune(journal, {}, now=NOW)
    with hands(url) as do:
        do("UPDATE records SET body = NULL WHERE seq = 13")
    assert (UNPROVEN, 13, 13) in named(journal)
    assert (UNPROVEN, 1, 1) in named(journal)


def test_times_can_be_longer_and_not_shorter(journal):
    assert retention.prune(journal, dict.fromkeys(Retention, 5000), now=NOW) == []
    with pytest.raises(BadInput, match="365 days for records of the class access; at least 366"):
        retention.prune(journal, {Retention.ACCESS: 365}, now=NOW)


def forged(store, *, first, last, before, at, of=Retention.CHANGE):
    """Prune as somebody does who has the store and the key, and knows what a proof looks like."""
    mine = [each for each in store.stream(since=first, until=last) if each.retention == of]
    digest = hashlib.sha256("".join(each.hash for each in mine).encode()).hexdigest()
    proof = {
        "class": str(of), "from_seq": first, "up_to_seq": last, "up_to_at": mine[-1].at, "before": written(before),
        "count": len(mine), "digest": f"sha256:{digest}", "who": "mallory",
    }  # fmt: skip
    store.append(Entry("pruned", proof, Retention.CHANGE), at=at)
    with hands(store.url.render_as_string(hide_password=False).replace("+psycopg", "")) as do:
        for each in mine:
            do("UPDATE records SET body = NULL WHERE seq = :seq", seq=each.seq)


def said(store):
    return {each.text for each in chain.verify(store).findings}


def test_a_proof_that_takes_what_was_too_young_is_named(journal):
    # Records 3 and 12 are of the class change: of four years ago, and of today.
    forged(journal, first=3, last=12, before=NOW - timedelta(days=1096), at=NOW)
    assert named(journal) == [(UNPROVEN, 3, 12)]
    assert said(journal) == {"the pruning took records that were not old enough"}


def test_a_proof_whose_time_is_not_far_enough_back_is_named(journal):
    forged(journal, first=3, last=9, before=NOW - timedelta(days=700), at=NOW)
    assert (UNPROVEN, 3, 9) in named(journal)


def test_a_proof_of_what_was_old_by_a_clock_that_was_ahead_is_named_by_what_follows(journal):
    ahead = NOW + timedelta(days=1500)
    forged(journal, first=3, last=12, before=ahead - timedelta(days=1096), at=ahead)
    journal.append(Entry("read", {"run": "today"}, Retention.ACCESS), at=NOW)
    assert named(journal) == [(UNPROVEN, 13, 13)]
    (text,) = said(journal)
    assert text.startswith("the clock was ahead when it was written: record 14 behind it is of 2026-11-21")


def test_clocks_of_writers_may_differ_by_some_hours(journal):
    retention.prune(journal, {}, now=NOW)
    journal.append(Entry("read", {"run": "today"}, Retention.ACCESS), at=NOW - timedelta(hours=20))
    assert chain.verify(journal).ok


def test_an_export_proves_that_what_is_gone_was_old(journal, signer, tmp_path):
    retention.prune(journal, {}, now=NOW)
    for number, before in enumerate((1096, 700)):
        forged(journal, first=3, last=6, before=NOW - timedelta(days=before), at=NOW)
        path = tmp_path / f"{number}.json"
        with path.open("w") as out:
            export.Writer(journal, export.part(journal, since="2", until="3"), lambda _: None).json(out, signer, {})
        assert chain.verify(export.read(path)).ok is (before == 1096)


def test_nothing_is_pruned_by_a_clock_that_is_ahead_of_the_journal(journal):
    with pytest.raises(Refused, match=r"2031-11-20.*newest record is of 2026-11-21.*nothing was pruned"):
        retention.prune(journal, {}, now=NOW + timedelta(days=1825))
    assert gone(journal) == set()


def test_nothing_is_pruned_by_a_clock_that_is_ahead_of_the_kernels(journal, monkeypatch):
    monkeypatch.setattr(clock, "kernel", lambda: NOW - timedelta(days=2))
    with pytest.raises(Refused, match="that of this machine's kernel 2026-11-19"):
        retention.prune(journal, {}, now=NOW)
    assert gone(journal) == set()


def test_nothing_is_pruned_by_a_clock_that_is_ahead_of_the_databases(postgresql, open_store, monkeypatch):
    monkeypatch.undo()
    store = open_store(postgresql)
    ahead = datetime.now(UTC) + timedelta(days=1500)
    for years in (5, 0):
        store.append(Entry("run", {"run": "r"}), at=ahead - timedelta(days=366 * years))
    monkeypatch.setattr(clock, "kernel", lambda: None)
    with pytest.raises(Refused, match="that of the database"):
        retention.prune(store, {}, now=ahead)
    assert gone(store) == set()


def test_the_clock_of_the_kernel_is_read_past_what_a_program_is_told(monkeypatch, tmp_path):
    monkeypatch.undo()
    assert abs(clock.kernel() - datetime.now(UTC)) < timedelta(minutes=1)
    for text in ("", "btime", "btime soon"):
        (tmp_path / "stat").write_text(f"cpu 1\n{text}\n")
        monkeypatch.setattr(clock, "STAT", tmp_path / "stat")
        assert clock.kernel() is None
    monkeypatch.setattr(clock, "STAT", tmp_path / "none")
    assert clock.kernel() is None


def test_what_was_pruned_is_not_left_on_the_disk(sqlite, open_store):
    store = open_store(sqlite)
    store.append(Entry("run", {"who": "a-very-rare-name"}), at=NOW - timedelta(days=5000))
    store.append(Entry("run", {"who": "somebody"}), at=NOW)
    retention.prune(store, {}, now=NOW)
    place = store.place
    store.close()
    with open(place, "rb") as file:  # noqa: PTH123  # its bytes
        assert b"a-very-rare-name" not in file.read()
