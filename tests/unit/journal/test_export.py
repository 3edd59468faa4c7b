"""Exports that somebody has altered: whoever verifies one with the key that counts sees it."""

from __future__ import annotations

import io
import json

import pytest

from handrail.errors import BadInput, Refused
from handrail.journal import chain, export, head
from handrail.journal.finding import Manipulation
from handrail.model.canonical import canonical
from tests.unit.journal.entries import filled, hands


@pytest.fixture
def store(sqlite, open_store):
    """A journal of five runs."""
    return filled(open_store(sqlite), 5)


@pytest.fixture
def text(store, signer):
    """An export of it."""
    out = io.StringIO()
    part = export.part(store, since="2020", until="9999")
    export.Writer(store, part, lambda _: None).json(out, signer, {"since": "", "until": "", "at": "", "who": "x"})
    return out.getvalue()


@pytest.fixture
def verify(tmp_path):
    """Verify an export; gives what is found."""

    def verified(text, **options):
        path = tmp_path / "x.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return [(each.what, each.first, each.last) for each in chain.verify(export.read(path), **options).findings]

    return verified


@pytest.fixture
def signed(tmp_path):
    """Sign the first line anew with a key of somebody else."""

    def altered(text, keep=0, **changes):
        first, *lines = text.splitlines(keepends=True)
        header = json.loads(first.removesuffix(",\n") + "}")["export"]
        header = {name: each for name, each in header.items() if name not in {"signer", "signature"}} | changes
        other = head.signer(str(tmp_path / "other.key"))
        rest = "".join([lines[0], *lines[1 + keep :]])
        return f'{{"export":{canonical(other.signed(header))},\n{rest}'

    return altered


def test_an_export_that_nobody_touched_verifies(text, verify, signer):
    assert verify(text, keys=[signer.public]) == []
    assert verify(text.removesuffix("\n"), keys=[signer.public]) == []


def test_a_first_line_by_a_key_that_does_not_count_is_named(text, verify, signed, signer):
    assert verify(signed(text)) == []
    assert verify(signed(text), keys=[f"{signer.public} a comment"]) == [(Manipulation.UNSIGNED, 1, 5)]


def test_records_that_were_cut_off_in_front_are_named(text, verify, signed, signer):
    records = json.loads(text)["records"]
    cut = signed(text, keep=3, first=4, previous=records[2]["hash"])
    assert verify(cut, keys=[signer.public]) == [(Manipulation.UNSIGNED, 4, 5)]


@pytest.mark.parametrize("last", [4, 9])
def test_a_last_record_that_is_not_the_one_of_the_first_line_is_named(text, verify, signed, last):
    assert verify(signed(text, last=last))


@pytest.mark.parametrize(
    "end", [',"records":[{"seq":1,"outcome":"FORGED"}]}\n', '}\n{"records":[]}\n', "}\n\n", ',"export":{}}\n'],
)  # fmt: skip
def test_what_stands_behind_the_records_is_named(text, verify, end):
    assert verify(text.removesuffix("}\n") + end) == [(Manipulation.INSERTED, 6, 6)]


def test_a_file_without_its_end_is_named(text, verify):
    assert verify(text.removesuffix("]}\n")) == [(Manipulation.TRUNCATED, 6, 6)]


@pytest.mark.parametrize(
    ("old", "new"),
    [('{"export":', '{"records":[],"export":'), ('{"export":', '{"export":{},"export":'),
     ('\n"records":[', '\n"records": ['),
     ('\n"records":[', '\n"records":[],"records":['), ('\n"records":[', "\n")],
)  # fmt: skip
def test_a_beginning_that_says_more_than_what_is_signed_is_no_export(text, verify, old, new):
    with pytest.raises(BadInput, match="is not as fab audit"):
        verify(text.replace(old, new, 1))


@pytest.mark.parametrize("pruned", [[5], ["x"], [{"class": "x"}], {"a": 1}, "x",
    [{"class": "change", "from_seq": "a", "up_to_seq": 1, "count": 1, "digest": ""}]])  # fmt: skip
def test_a_first_line_whose_prunings_are_none_is_no_export(text, verify, signed, pruned):
    with pytest.raises(BadInput, match="is not as fab audit"):
        verify(signed(text, pruned=pruned))


@pytest.mark.parametrize(("name", "value"), [("first", 0), ("first", "1"), ("last", "x"), ("last", True)])
def test_a_first_line_whose_numbers_are_none_is_no_export(text, verify, signed, name, value):
    with pytest.raises(BadInput, match="is not as fab audit"):
        verify(signed(text, **{name: value}))


@pytest.mark.parametrize(
    ("old", "new"),
    [('"seconds":1.5', '"seconds":NaN'), ('"seconds":1.5', '"seconds":1e999'), ('"seconds":1.5', '"seconds":1.50'),
     ('"environment":"prod"', '"environment":"\\ud800"'), ('"body":"{', '"body":"\\ud800{'),
     ('"outcome":"done"', '"outcome":"FORGED","outcome":"done"'), ('"outcome":"done"', '"extra":1,"outcome":"done"')],
)  # fmt: skip
def test_a_line_that_no_export_writes_is_named(text, verify, old, new):
    assert {(what, first, last) for what, first, last in verify(text.replace(old, new, 1))} == {
        (Manipulation.EDITED, 1, 1)
    }


def test_bytes_that_are_no_text_are_named(text, verify):
    assert (Manipulation.EDITED, 1, 1) in verify(text.encode().replace(b'"prod"', b'"pr\xff"', 1))


@pytest.mark.parametrize("value", ["[]", "true", "null", "{}"])
@pytest.mark.parametrize("name", ["class", "hash", "seq", "kind", "seconds"])
def test_a_line_whose_values_are_of_another_kind_is_no_record(text, verify, name, value):
    first = text.splitlines()[2].removesuffix(",")
    row = json.loads(first) | {name: json.loads(value)}
    altered = text.replace(first, canonical(row), 1)
    with pytest.raises(BadInput, match="a line is no record"):
        verify(altered)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_record_that_was_altered_is_not_exported_without_a_word(store, sqlite, signer, form):
    with hands(sqlite) as do:
        do("UPDATE records SET seconds = 9e999, body = 'no' WHERE seq = 3")
    pen = export.Writer(store, export.part(store, since="2020", until="9999"), lambda _: None)
    with pytest.raises(Refused, match="record 3 was altered"):
        pen.json(io.StringIO(), signer, {}) if form == "json" else pen.csv(io.StringIO())
