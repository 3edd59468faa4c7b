"""Each manipulation of a journal is found and named, in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handrail.journal import chain, head
from handrail.journal.finding import Manipulation
from handrail.journal.record import COLUMNS, Record, body_hashed
from tests.unit.journal.entries import entry, filled, hands

COUNT = 12
EDITED, REMOVED, INSERTED = Manipulation.EDITED, Manipulation.REMOVED, Manipulation.INSERTED
REORDERED, TRUNCATED, UNSIGNED = Manipulation.REORDERED, Manipulation.TRUNCATED, Manipulation.UNSIGNED


@pytest.fixture
def journal(url, open_store):
    """A journal of twelve records; gives its store and a way to alter it."""
    store = filled(open_store(url), COUNT)
    return store, url


def found(store, *heads, **options):
    return [(each.what, each.first, each.last) for each in chain.verify(store, heads, **options).findings]


def move(do, old, new):
    do("UPDATE records SET seq = :new WHERE seq = :old", old=old, new=new)


def put(do, record):
    names = ", ".join(record.json())
    values = ", ".join(f":{name}" for name in record.json())
    do(f"INSERT INTO records ({names}) VALUES ({values})", **record.json())  # noqa: S608  # the test's own words


def anew(record, **changes):
    """Hash a record anew, as somebody does who knows how."""
    return replace(changed := replace(record, **changes), hash=changed.computed())


def rows(store):
    return {record.seq: record for record in store.stream()}


def test_a_journal_that_nobody_touched_is_whole(journal):
    store, _ = journal
    report = chain.verify(store)
    assert report.ok
    assert (report.records, report.last, report.heads) == (COUNT, COUNT, 1)


@pytest.mark.parametrize(
    ("column", "value"),
    [("outcome", "failed"), ("at", "2020-01-01T00:00:00.000Z"), ("class", "access"), ("seconds", 0.25), ("run", "x"),
     ("previous", "sha256:00"), ("hash", "sha256:00"), ("body_hash", "sha256:00"), ("body", '{"who":"nobody"}')],
)  # fmt: skip
@pytest.mark.parametrize("seq", [1, 5, COUNT])
def test_an_edited_record_is_named(sqlite, open_store, column, value, seq):
    store = filled(open_store(sqlite), COUNT)
    with hands(sqlite) as do:
        do(f"UPDATE records SET {column} = :value WHERE seq = :seq", value=value, seq=seq)  # noqa: S608  # likewise
    named = found(store)
    assert named
    assert all(what is EDITED and (first, last) == (seq, seq) for what, first, last in named)


def test_edited_records_are_named_in_each_store(journal):
    store, url = journal
    with hands(url) as do:
        do("UPDATE records SET outcome = 'failed' WHERE seq IN (5, 6, 9)")
        do("UPDATE records SET body = '{}' WHERE seq = 3")
    assert found(store) == [(EDITED, 3, 3), (EDITED, 5, 6), (EDITED, 9, 9)]


def test_an_edited_record_with_a_new_hash_is_named(journal):
    store, url = journal
    record = anew(rows(store)[5], outcome="failed")
    with hands(url) as do:
        do("DELETE FROM records WHERE seq = 5")
        put(do, record)
    assert found(store) == [(EDITED, 5, 5)]


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (4, 7)])
@pytest.mark.parametrize("renumbered", [False, True])
def test_removed_records_are_named(journal, first, last, renumbered):
    store, url = journal
    with hands(url) as do:
        do("DELETE FROM records WHERE seq BETWEEN :first AND :last", first=first, last=last)
        if renumbered:
            for seq in range(last + 1, COUNT + 1):
                move(do, seq, seq - (last - first + 1))
    assert found(store) == [(REMOVED, first, last)]


@pytest.mark.parametrize("place", [1, 2, 6, COUNT])
@pytest.mark.parametrize("hashed", [False, True])
def test_an_inserted_record_is_named(journal, place, hashed):
    store, url = journal
    before = rows(store)
    new = replace(before[place], seq=place, run="new", previous=before[place].previous)
    with hands(url) as do:
        for seq in range(COUNT, place - 1, -1):
            move(do, seq, seq + 1)
        put(do, anew(new) if hashed else new)
    assert found(store) == [(INSERTED, place, place)]


def test_a_record_that_was_put_behind_the_last_one_is_named(journal):
    store, url = journal
    last = rows(store)[COUNT]
    with hands(url) as do:
        put(do, anew(last, seq=COUNT + 1, previous=last.hash, run="new"))
    assert found(store) == [(INSERTED, COUNT + 1, COUNT + 1)]


def test_a_copy_of_a_record_is_named(journal):
    store, url = journal
    with hands(url) as do:
        for seq in range(COUNT, 7, -1):
            move(do, seq, seq + 1)
        put(do, replace(rows(store)[3], seq=8))
    assert found(store) == [(INSERTED, 8, 8)]


@pytest.mark.parametrize(("one", "other"), [(3, 5), (3, 4), (1, COUNT), (2, 11)])
def test_records_in_each_others_place_are_named(journal, one, other):
    store, url = journal
    with hands(url) as do:
        for old, new in ((one, 99), (other, one), (99, other)):
            move(do, old, new)
    named = found(store)
    assert {what for what, _, _ in named} == {REORDERED}
    assert {seq for _, first, last in named for seq in range(first, last + 1)} == {one, other}


def test_records_far_from_their_place_are_named(sqlite, open_store):
    store = filled(open_store(sqlite), 200)
    with hands(sqlite) as do:
        for old, new in ((3, 999), (190, 3), (999, 190)):
            move(do, old, new)
    assert found(store) == [(REORDERED, 3, 3), (REORDERED, 190, 190)]


@pytest.mark.parametrize("left", [COUNT - 1, 5, 0])
def test_a_truncated_journal_is_named(journal, left):
    store, url = journal
    with hands(url) as do:
        do("DELETE FROM records WHERE seq > :left", left=left)
    assert found(store) == [(TRUNCATED, left + 1, COUNT)]


def test_a_journal_that_is_truncated_with_its_heads_does_not_fit_the_heads_on_hosts(journal):
    store, url = journal
    (kept,) = store.heads()
    with hands(url) as do:
        do("DELETE FROM records WHERE seq > 9")
        do("DELETE FROM heads")
    assert found(store) == [(UNSIGNED, 1, 9)]
    assert found(store, kept) == [(TRUNCATED, 10, COUNT)]


def recomputed(url, store, seq):
    """Alter one record, and compute the chain from there on anew."""
    records = rows(store)
    for number in range(seq, COUNT + 1):
        changes = {"outcome": "failed"} if number == seq else {"previous": records[number - 1].hash}
        records[number] = anew(records[number], **changes)
    with hands(url) as do:
        do("DELETE FROM records WHERE seq >= :seq", seq=seq)
        for number in range(seq, COUNT + 1):
            put(do, records[number])


def test_a_chain_that_was_computed_anew_does_not_fit_the_signed_head(journal):
    store, url = journal
    recomputed(url, store, 4)
    assert found(store) == [(EDITED, 1, COUNT)]


def test_heads_on_hosts_narrow_down_what_was_computed_anew(url, open_store, signer):
    store = open_store(url)
    lines = [head.line(store.append(entry(number))) for number in range(1, COUNT + 1)]
    recomputed(url, store, 8)
    assert min(first for _, first, _ in found(store, *lines)) == 8


def test_what_is_written_later_does_not_hide_that_the_chain_was_computed_anew(journal):
    store, url = journal
    recomputed(url, store, 4)
    store.append(entry(99))
    assert (EDITED, 1, COUNT) in found(store)


def test_a_head_whose_signature_was_altered_is_named(journal):
    store, url = journal
    line = json.loads(store.heads()[0]) | {"seq": 3}
    with hands(url) as do:
        do("UPDATE heads SET line = :line", line=json.dumps(line))
    assert UNSIGNED in {what for what, _, _ in found(store)}


def test_a_head_by_a_key_that_does_not_count_is_named(journal, signer, tmp_path):
    store, _ = journal
    assert not found(store, keys=[f"{signer.public} a comment"])
    stranger = head.signer(str(tmp_path / "other.key"))
    assert UNSIGNED in {what for what, _, _ in found(store, keys=[stranger.public])}


def test_every_column_is_covered_by_the_hash(sqlite, open_store):
    (record,) = filled(open_store(sqlite), 1).stream()
    for name in COLUMNS:
        if name in {"hash", "body"}:
            continue
        value = getattr(record, name)
        other = Record(**{each: getattr(record, each) for each in COLUMNS} | {name: value + type(value)(1)})
        assert other.computed() != record.hash, name
    assert record.body_hash == body_hashed(record.body)
