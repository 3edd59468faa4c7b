"""What a description may ask for: exactly one kind for each item, with what belongs to it and nothing else."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.errors import SystemInvalid
from handrail.model import document

# Without the key that the tests here write themselves.
WHOLE = Path("inventories/sanvi.yaml").read_text()
SHOP = re.sub(r"(?ms)^(changes|environments):.*?(?=^[a-z]|\Z)", "", WHOLE)


def described(*items):
    listed = "\n".join(f"    - {item}" for item in items)
    text = f"{SHOP}\nchanges:\n  checklist:\n{listed}\nenvironments: {{prod: null}}\n"
    return document.parse(text, source="sanvi.yaml", environment="prod").changes.checklist


def problem(*items):
    with pytest.raises(SystemInvalid) as caught:
        described(*items)
    (found,) = caught.value.problems
    return found


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ("{item: CI is green, command: [gh, run, list, '${version}'], deadline: 10m}", "command"),
        ("{item: CI is green, command: 'gh run list'}", "command"),
        (
            "{item: SBOM is there, file: '../sbom/${system}-${version}.json', younger: 720h, contains: '${sha256}'}",
            "file",
        ),
        ("{item: variables are set, variables: true, deadline: 1m}", "variables"),
        ("{item: backup is young, backup: database, younger: 24h}", "backup"),
        ("{item: migrations are tested, statement: Tech Lead, younger: 72h}", "statement"),
        ("{item: migrations are tested, statement: Tech Lead}", "statement"),
        ("{item: rollback is rehearsed, rehearsal: staging, younger: 168h}", "rehearsal"),
    ],
)
def test_each_kind_is_understood(item, kind):
    (found,) = described(item)
    assert found.kind == kind


def test_an_item_has_thirty_seconds_unless_it_is_told():
    assert described("{item: a, command: ls}")[0].deadline == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("item", "found", "allowed"),
    [
        ("{item: a}", "none of them", "exactly one of command, file"),
        ("{item: a, younger: 24h}", "none of them", "exactly one of"),
        ("{item: a, command: ls, file: x}", "command and file", "exactly one of"),
        ("{item: a, variables: true, statement: CTO}", "variables and statement", "exactly one of"),
        ("{item: a, command: ls, younger: 24h}", "younger", "no younger beside command"),
        ("{item: a, command: ls, contains: x}", "contains", "no contains beside command"),
        ("{item: a, backup: database, younger: 24h, contains: x}", "contains", "no contains beside backup"),
        ("{item: a, variables: true, younger: 24h}", "younger", "no younger beside variables"),
        ("{item: a, backup: database}", "no younger", "younger beside backup"),
        ("{item: a, rehearsal: staging}", "no younger", "younger beside rehearsal"),
    ],
)
def test_an_item_has_exactly_one_kind_and_what_belongs_to_it(item, found, allowed):
    told = problem(item)
    assert told.key == "changes.checklist[0]"
    assert (told.found, told.allowed.startswith(allowed)) == (found, True)


@pytest.mark.parametrize(
    ("item", "key", "allowed"),
    [
        ("{item: a, variables: false}", "variables", "true; leave the item out"),
        ("{item: a, variables: 1}", "variables", "true; leave the item out"),
        ("{item: a, command: ls, deadline: 11m}", "deadline", "a duration of 10m at the most"),
        ("{item: a, command: ls, deadline: 0s}", "deadline", "a duration with its unit"),
        ("{item: a, file: x, younger: 30d}", "younger", "a duration with its unit"),
        ("{item: a, file: 'x; rm -rf /'}", "file", "a path of letters"),
        ("{item: a, command: []}", "command", "a command"),
        ("{item: a, backup: databse, younger: 24h}", "backup", "an entry under backups: database"),
    ],
)
def test_what_does_not_fit_is_named_with_its_key(item, key, allowed):
    told = problem(item)
    assert told.key == f"changes.checklist[0].{key}"
    assert told.allowed.startswith(allowed)


@pytest.mark.parametrize("key", ["command: [a, '${vresion}']", "file: '${vresion}'", "file: x, contains: '${vresion}'"])
def test_a_placeholder_that_nothing_fills_is_named_with_the_one_that_was_meant(key):
    told = problem(f"{{item: a, {key}}}")
    assert (told.found, told.suggestion) == ("${vresion}", "${version}")


def test_two_items_of_one_name_could_not_be_told_apart_in_a_record():
    told = problem("{item: same, command: ls}", "{item: other, command: ls}", "{item: same, file: x}")
    assert told.key == "changes.checklist[2].item"
    assert "item 1 of the list has this one" in told.allowed


@given(
    st.dictionaries(st.sampled_from(["command", "file", "variables", "backup", "statement", "rehearsal"]), st.just(0))
)
def test_no_combination_of_kinds_but_one_passes(kinds):
    written = {
        "command": "command: ls", "file": "file: x", "variables": "variables: true", "backup": "backup: database",
        "statement": "statement: CTO", "rehearsal": "rehearsal: staging",
    }  # fmt: skip
    parts = [written[kind] for kind in kinds]
    if set(kinds) & {"backup", "rehearsal"}:
        parts.append("younger: 24h")
    text = "{" + ", ".join(["item: a", *parts]) + "}"
    if len(kinds) == 1:
        assert described(text)[0].kind == next(iter(kinds))
    else:
        assert "exactly one of" in problem(text).allowed
