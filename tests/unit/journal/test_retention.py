"""Pruning: bodies go when they are old enough, with a proof; whatever else is gone is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handrail.errors import BadInput
from handrail.journal import chain, retention
from handrail.journal.finding import Manipulation
from handrail.journal.record import Entry, Retention
from tests.unit.journal.entries import hands

NOW = datetime(2026, 11, 21, tzinfo=UTC)
UNPROVEN = Manipulation.UNPROVEN


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
    retention.prune(journal, {}, now=NOW + timedelta(days=3000))
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


def test_what_was_pruned_is_not_left_on_the_disk(sqlite, open_store):
    store = open_store(sqlite)
    store.append(Entry("run", {"who": "a-very-rare-name"}), at=NOW - timedelta(days=5000))
    retention.prune(store, {}, now=NOW)
    place = store.place
    store.close()
    with open(place, "rb") as file:  # noqa: PTH123  # its bytes
        assert b"a-very-rare-name" not in file.read()
