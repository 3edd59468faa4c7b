"""What somebody writes into a journal past handrail: verifying names it, and nothing else believes it."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import create_engine

from handrail.errors import Refused
from handrail.journal import chain, facts, head, lookup
from handrail.journal.finding import Manipulation
from handrail.journal.record import COLUMNS, Entry
from handrail.journal.reviews import unreviewed
from handrail.journal.store import Store
from tests.unit.journal.entries import entry, filled, hands

PROOF = '{"class":"change","from_seq":0,"up_to_seq":99,"count":1,"digest":"","before":"2020"}'


@pytest.fixture
def forge(url):
    """Write a record under a number that no record has, into a journal of an older version, which allows it."""

    def written(seq, **columns):
        names = ["class" if name == "retention" else name for name in COLUMNS]
        values = ", ".join(f":{name}" if name in columns or name == "seq" else name for name in names)
        words = f"INSERT INTO records ({', '.join(names)}) SELECT {values} FROM records WHERE seq = 5"  # noqa: S608  # own
        with hands(url) as do:
            if url.startswith("sqlite"):
                do("PRAGMA ignore_check_constraints = ON")
            else:
                do("ALTER TABLE records DROP CONSTRAINT IF EXISTS records_seq")
            do(words, seq=seq, **columns)

    return written


def found(store, *heads, **options):
    return [(each.what, each.first, each.last) for each in chain.verify(store, heads, **options).findings]


@pytest.mark.parametrize("seq", [0, -1, -99])
def test_a_record_before_the_first_one_is_named_and_answers_no_question(url, open_store, forge, seq):
    store = filled(open_store(url), 5)
    before = facts.facts(store, system="shop", environment="prod", verb="deploy")
    forge(seq, verb="rehearse", at="2199-01-01T00:00:00.000Z", change="c1", run="forged")
    assert found(store) == [(Manipulation.INSERTED, seq, seq)]
    assert facts.facts(store, system="shop", environment="prod", verb="deploy") == before
    assert facts.change_runs(store, "c1") == []
    with pytest.raises(Exception, match="no record 'forged'"):
        lookup.found(store, "forged")


def test_a_review_before_the_first_record_reviews_nothing(url, open_store, forge):
    store = filled(open_store(url), 4)
    store.append(entry(5, emergency=True, what="1", change=""))
    forge(0, kind="review", run="r5")
    assert [body["run"] for body in unreviewed(store, system="shop", environment="prod")] == ["r5"]


def test_a_pruning_before_the_first_record_proves_nothing(url, open_store, forge):
    store = filled(open_store(url), 5)
    forge(0, kind="pruned", body=PROOF)
    with hands(url) as do:
        do("UPDATE records SET body = NULL WHERE seq BETWEEN 1 AND 5")
    assert found(store) == [(Manipulation.INSERTED, 0, 0), (Manipulation.UNPROVEN, 1, 5)]


def test_a_pruning_that_claims_records_before_the_first_proves_nothing(url, open_store):
    store = filled(open_store(url), 5)
    store.append(Entry("pruned", json.loads(PROOF)))
    with hands(url) as do:
        do("UPDATE records SET body = NULL WHERE seq BETWEEN 1 AND 5")
    assert found(store) == [(Manipulation.UNPROVEN, 0, 99), (Manipulation.UNPROVEN, 1, 5)]


def test_a_new_journal_takes_no_record_before_the_first(url, open_store):
    store = filled(open_store(url), 1)
    with pytest.raises(Exception, match="records_seq"), hands(url) as do:
        do("UPDATE records SET seq = 0")
    assert not found(store)


@pytest.mark.parametrize(
    "change",
    ["body = x'00ff'", "at = x'00ff'", "seconds = 9e999", "body = CAST(x'ff' AS TEXT)", "outcome = CAST(x'ff' AS TEXT)",
     "hash = x'00'", "previous = x'00'", "run = x'00'", "class = x'00'", "body_hash = x'00'", "kind = x'ff'"],
)  # fmt: skip
def test_what_no_record_can_hold_is_named(sqlite, open_store, change):
    store = filled(open_store(sqlite), 5)
    with hands(sqlite) as do:
        do(f"UPDATE records SET {change} WHERE seq = 3")  # noqa: S608  # the test's own words
    assert {(first, last) for _, first, last in found(store)} == {(3, 3)}


@pytest.mark.parametrize("body", ["[]", "5", "x", '{"class":"change"}', PROOF.replace("99", '"a"'), "[" * 100_000])
def test_a_pruning_that_says_nothing_is_named(url, open_store, body):
    store = filled(open_store(url), 5)
    store.append(Entry("pruned", {}))
    with hands(url) as do:
        do("UPDATE records SET body = :body WHERE seq = 6", body=body)
    assert (Manipulation.UNPROVEN, 6, 6) in found(store)


@pytest.mark.parametrize("version", ["abc", "", "-1", "9" * 5000, "1e3"])
def test_a_version_that_is_none_is_refused(sqlite, open_store, version):
    open_store(sqlite)
    with hands(sqlite) as do:
        do("UPDATE meta SET value = :version WHERE name = 'version'", version=version)
    with pytest.raises(Refused, match="the journal has version"):
        Store(sqlite, writes=False)


def test_a_journal_without_its_name_is_refused(sqlite, open_store):
    open_store(sqlite)
    with hands(sqlite) as do:
        do("DELETE FROM meta WHERE name = 'id'")
    with pytest.raises(Refused, match="does not say which one it is"):
        Store(sqlite, writes=False)


def test_a_run_that_never_ended_is_noted_and_no_manipulation(url, open_store):
    store = filled(open_store(url), 1)
    store.append(entry(2, kind="begun"))
    store.append(entry(3, kind="begun"))
    store.append(entry(3))
    report = chain.verify(store)
    assert report.ok
    assert report.notes == ("run r2 began and never ended here",)


def test_a_head_of_a_journal_that_is_not_this_one_is_noted(url, open_store, tmp_path):
    store = filled(open_store(url), 3)
    neighbour = head.signer(str(tmp_path / "neighbour.key"))
    report = chain.verify(store, [*store.heads(), head.line(neighbour.sign(store="another", seq=9, hash_="sha256:00"))])
    assert report.ok
    assert report.notes == ("a head names record 9 of the journal another, which is not this one: not compared",)


def test_the_constraint_is_the_only_difference_to_older_journals(sqlite, open_store):
    store = filled(open_store(sqlite), 2)
    store.close()
    engine = create_engine(sqlite)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA writable_schema = ON")
        connection.exec_driver_sql(
            "UPDATE sqlite_master SET sql = replace(sql, 'CONSTRAINT records_seq CHECK (seq > 0)', 'CHECK (1)')"
        )
    engine.dispose()
    store = filled(open_store(sqlite), 3)
    assert not found(store)


def test_what_is_written_while_somebody_verifies_is_no_manipulation(url, open_store):
    store = filled(open_store(url), 3)

    class Busy:
        """The journal of somebody who has a run just then."""

        id, begins, heads, claims = store.id, store.begins, store.heads, store.claims
        runs = iter(range(4, 6))

        def stream(self):
            for number in self.runs:
                store.append(entry(number))
                break
            return store.stream()

    report = chain.verify(Busy())
    assert report.ok
    assert report.records == 5
