"""A journal that was put in the place of another one is found out by heads that were kept elsewhere."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from handrail.journal import chain, export, head
from handrail.journal.finding import Manipulation
from handrail.journal.record import Entry
from tests.unit.journal.entries import entry, filled, hands

REPLACED = Manipulation.REPLACED


@pytest.fixture
def anew(url, open_store):
    """A journal that was written anew with the same key; the heads and the id of the true one."""
    true = open_store(url)
    heads = [head.line(true.append(entry(number))) for number in range(1, 6)]
    kept = [(record.kind, record.content, record.at) for record in true.stream()]
    true.close()
    with hands(url) as do:
        for table in ("meta", "records", "heads"):
            do(f"DROP TABLE {table}")
    store = open_store(url)
    for kind, body, at in kept:
        store.append(Entry(kind, {**body, "who": "somebody-else"}), at=datetime.fromisoformat(at))
    assert chain.verify(store).ok
    return store, heads, true.id


def found(store, heads, **trust):
    return [(each.what, each.first, each.last) for each in chain.verify(store, heads, **trust).findings]


def strange(signer, store, seq=900):
    return head.line(signer.sign(store=store, seq=seq, hash_="sha256:00"))


def test_a_journal_that_was_written_anew_under_another_id_is_found_out(anew, signer):
    store, heads, _ = anew
    assert (REPLACED, 1, 5) in found(store, heads)
    assert (REPLACED, 1, 5) in found(store, heads, keys=[signer.public])
    # Its own head beside them, as a later run leaves it on the hosts, changes nothing.
    assert found(store, [*heads, *store.heads()]) == [(REPLACED, 1, 5)]
    (said,) = {each.text for each in chain.verify(store, [*heads, *store.heads()]).findings}
    assert "has signed record 5 of the journal" in said


def test_a_journal_that_was_written_anew_with_another_key_agrees_with_no_head(anew, url, open_store, tmp_path):
    _, heads, _ = anew
    with hands(url) as do:
        for table in ("meta", "records", "heads"):
            do(f"DROP TABLE {table}")
    store = open_store(url, signer=head.signer(str(tmp_path / "another.key")))
    filled(store, 3)
    assert found(store, heads) == [(REPLACED, 1, 3)]


def test_heads_of_a_journal_that_is_known_may_lie_beside_those_of_this_one(anew, signer):
    store, heads, other = anew
    assert found(store, [*heads, *store.heads()], known=[other]) == []
    assert found(store, [*heads, *store.heads()], known=[other], keys=[signer.public]) == []
    assert found(store, [*heads, *store.heads(), strange(signer, "third")], known=[other]) == [(REPLACED, 1, 900)]


def test_heads_of_a_known_journal_alone_prove_nothing(anew):
    store, heads, other = anew
    assert found(store, heads, known=[other]) == [(REPLACED, 1, 5)]


def test_heads_of_somebody_elses_journal_are_noted(url, open_store, tmp_path):
    store = filled(open_store(url), 3)
    neighbour = head.signer(str(tmp_path / "neighbour.key"))
    heads = [*store.heads(), strange(neighbour, "theirs")]
    report = chain.verify(store, heads)
    assert (report.ok, len(report.notes)) == (True, 1)
    # Where the keys that count are named, theirs is one of them or it is found.
    assert found(store, heads, keys=[store.signer.public]) == [(Manipulation.UNSIGNED, 900, 900)]
    assert (REPLACED, 1, 900) in found(store, heads, keys=[store.signer.public, neighbour.public])


def test_an_export_is_compared_with_heads_of_its_own_records_only(url, open_store, signer, tmp_path):
    store = open_store(url)
    lines = [head.line(store.append(entry(number))) for number in range(1, 6)]
    since = [record.at for record in store.stream()][2]
    which = export.Part(3, 5, list(store.stream())[1].hash, list(store.stream())[4].hash)
    path = tmp_path / "part.json"
    with path.open("w") as out:
        export.Writer(store, which, lambda _: None).json(out, signer, {"since": since})
    assert found(export.read(path), lines[:1]) == []
    assert found(export.read(path), lines[3:4]) == []
    wrong = json.loads(lines[3]) | {"hash": "sha256:00"}
    again = head.line(signer.signed({name: wrong[name] for name in ("store", "seq", "hash", "at")}))
    assert found(export.read(path), [again])
