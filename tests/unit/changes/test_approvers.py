"""The file of approvers: every slip is named with its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handrail.errors import SystemInvalid
from handrail.model.approvers import parse
from tests.unit.changes.conftest import public, yaml_of

AT = datetime(2026, 11, 24, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def line(keys):
    return public(keys["cto"])


def problems(text):
    with pytest.raises(SystemInvalid) as caught:
        parse(text, source="approvers.yaml")
    assert "changes.md" in caught.value.next_step
    return [(problem.line, problem.key, problem.found) for problem in caught.value.problems]


def test_who_signs_is_found_by_the_key_whatever_its_comment(keys, line):
    text = yaml_of({"cto": (["CTO"], [line]), "operator": ([], [public(keys["tech"])])})
    found = parse(text, source="approvers.yaml")
    for written in (line, line.replace("a b", "other"), " ".join(line.split(" ")[:2])):
        person = found.person_of(written, AT)
        assert person is not None
        assert (person.name, person.roles) == ("cto", ("CTO",))
    assert found.person_of(public(keys["owner"]), AT) is None
    assert found.person_of("nonsense", AT) is None
    assert [person.name for person in found.with_role("CTO")] == ["cto"]


def test_a_key_counts_from_its_first_day_until_before_its_last(line):
    text = (
        f"people:\n  cto:\n    roles: []\n    keys:\n      - {{key: '{line}', from: 2026-11-24, until: 2026-11-25}}\n"
    )
    found = parse(text, source="approvers.yaml")
    times = [AT - SECOND, AT, AT + DAY - SECOND, AT + DAY]
    assert [found.person_of(line, at) is not None for at in times] == [False, True, True, False]


def test_the_digest_for_the_record_is_another_when_anything_is_that_the_file_says(keys, line):
    def digest(roles="[CTO]", rest="", name="cto", key=line):
        text = f"people:\n  {name}:\n    roles: {roles}\n    keys:\n      - {{key: '{key}'{rest}}}\n"
        return parse(text, source="approvers.yaml").digest

    others = [
        digest("[]"), digest("[Product Owner]"), digest("[CTO, Product Owner]"), digest(rest=", from: 2026-11-24"),
        digest(rest=", until: 2026-11-24"), digest(name="other"), digest(key=public(keys["tech"])),
    ]  # fmt: skip
    assert len({digest(), *others}) == len(others) + 1
    assert digest("[CTO, Product Owner]") == digest("[Product Owner, CTO]")
    assert digest(key=line.replace("a b", "another comment")) == digest()


@pytest.mark.parametrize("second", ["cto", "other"])
def test_a_key_that_stands_twice_is_refused_with_both_lines(line, second):
    again = line.replace("a b", "another comment")
    people = (
        {"cto": (["CTO"], [line, again])} if second == "cto" else {"cto": (["CTO"], [line]), "other": ([], [again])}
    )
    ((number, key, found),) = problems(yaml_of(people))
    assert found == "the key of line 5 once more"
    assert (number, key) == ((6, "people.cto.keys[1]") if second == "cto" else (9, "people.other.keys[0]"))


@pytest.mark.parametrize(
    ("text", "key", "found"),
    [
        ("people: {}", "people", "a mapping"),
        ("persons: {}", "persons", "unknown key 'persons'"),
        ("- people", "(document)", "no mapping"),
        ("people: {cto: {roles: [], keys: ['KEY']}}\nmore: 1", "more", "unknown key 'more'"),
        ("people: {cto: {role: [], roles: [], keys: ['KEY']}}", "people.cto.role", "unknown key 'role'"),
        ("people: {cto: {roles: []}}", "people.cto", "no keys"),
        ("people: {cto: {keys: ['KEY']}}", "people.cto", "no roles"),
        ("people: {cto: {roles: CTO, keys: ['KEY']}}", "people.cto.roles", "'CTO'"),
        ("people: {cto: {roles: [1], keys: ['KEY']}}", "people.cto.roles[0]", "'1'"),
        ("people: {cto: {roles: [a, a], keys: ['KEY']}}", "people.cto.roles", "a role twice"),
        ("people: {cto: {roles: [], keys: []}}", "people.cto.keys", "an empty list"),
        ("people: {cto: {roles: [], keys: ['ssh-rsa AAAA']}}", "people.cto.keys[0]", "it is cut off"),
        ("people: {cto: {roles: [], keys: [5]}}", "people.cto.keys[0]", "'5'"),
        ("people: {cto: {roles: [], keys: [{key: 'KEY', form: 1}]}}", "people.cto.keys[0].form", "unknown key 'form'"),
        (
            "people: {cto: {roles: [], keys: [{key: 'KEY', from: 2026-02-30}]}}",
            "people.cto.keys[0].from", "'2026-02-30'",
        ),
        ("people: {cto: {roles: [], keys: [{key: 'KEY', until: soon}]}}", "people.cto.keys[0].until", "'soon'"),
        (
            "people: {cto: {roles: [], keys: [{key: 'KEY', from: 2026-02-03, until: 2026-02-03}]}}",
            "people.cto.keys[0].until", "until 2026-02-03, which is not after from",
        ),
        ("people: {a b: {roles: [], keys: ['KEY']}}", "people.a b", "the name 'a b'"),
        ("people: {cto: 5}", "people.cto", "'5'"),
    ],
)  # fmt: skip
def test_a_slip_is_named_with_its_place(line, text, key, found):
    told = problems(text.replace("KEY", line))
    assert (key, found) in [(where, said) for _, where, said in told]
