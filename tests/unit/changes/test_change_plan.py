"""Plans: the same for the same, different in words for what differs."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.control.inventory import read
from handrail.errors import BadInput
from handrail.hosts.intent import intent_of
from handrail.hosts.inventory import host_of
from handrail.model.canonical import canonical, digest
from handrail.model.change_plan import change_plan, differences, misshapen
from handrail.model.command_line import command_of, request_command_of, words_of
from handrail.model.environment import Environment, Host
from handrail.model.intent import Intent, Verb
from handrail.model.version import Release
from tests.unit.changes.conftest import PLAN

# Texts and numbers of a few kinds: what matters is where they stand.
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
plans = st.dictionaries(st.sampled_from([*PLAN, "other"]), values, max_size=8)
DEPLOY = Intent(Verb.DEPLOY, release=Release("1.4.2", "ab" * 32), share=10)


@pytest.fixture(scope="module")
def environment():
    return read(Path("inventories/vendhub/prod.py")).load().environment


@given(values)
def test_canonical_json_is_the_same_after_reading_it_back(value):
    try:
        text = canonical(value)
        text.encode()
    except ValueError:
        return  # half of a surrogate pair is no text
    assert canonical(json.loads(text)) == text


@settings(max_examples=150, deadline=None)
@given(plans, plans)
def test_plans_differ_in_words_exactly_when_they_differ(one, other):
    assert (differences(one, other) == ()) == (canonical(one) == canonical(other))
    assert differences(one, one) == ()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"hosts": {"web": ["web1", "web2", "web3"]}}, "hosts.web: web3 is new"),
        ({"hosts": {"web": ["web1"]}}, "hosts.web: web2 is gone"),
        ({"hosts": {"web": ["web1", "web2"], "db": ["db1"]}}, "hosts.db is new: db1"),
        ({"release": {"version": "1.4.2", "sha256": "cd" * 32}}, "release.sha256: abab… is now cdcd…"),
        ({"description": {"edge": "sha256:" + "2" * 64}}, "edge is described otherwise"),
        ({"description": {}}, "edge is gone"),
        ({"options": {}}, "options.share is gone: 10"),
        ({"options": {"share": 25}}, "options.share: 10 is now 25"),
        ({"verb": "rollback"}, "verb: deploy is now rollback"),
        ({"steps": ["Stage the release", "Take the lease"]}, "steps: the order is another"),
    ],
)
def test_a_difference_is_told_in_words(change, line):
    assert differences(PLAN, PLAN | change) == (line,)


def test_the_plan_is_the_same_for_the_same_and_holds_no_secret(environment):
    plan = change_plan(environment, DEPLOY)
    assert misshapen(plan) == ""
    assert misshapen(json.loads(canonical(plan))) == ""
    assert digest(plan) == digest(change_plan(read(Path("inventories/vendhub/prod.py")).load().environment, DEPLOY))
    assert plan["release"] == {"version": "1.4.2", "sha256": "ab" * 32}
    assert plan["options"] == {"share": 10}


def test_another_host_another_digest_another_description_is_another_plan(environment):
    plan = change_plan(environment, DEPLOY)
    group = next(iter(plan["hosts"]))
    more = {
        name: (*hosts, Host("new", "10.0.0.99")) if name == group else hosts
        for name, hosts in environment.groups.items()
    }
    bigger = Environment(environment.name, environment.system, more)
    assert differences(plan, change_plan(bigger, DEPLOY)) == (f"hosts.{group}: new (10.0.0.99) is new",)
    other = Intent(Verb.DEPLOY, release=Release("1.4.2", "cd" * 32), share=10)
    assert differences(plan, change_plan(environment, other)) == ("release.sha256: abab… is now cdcd…",)
    slower = environment.system.model_copy(
        update={"times": environment.system.times.model_copy(update={"bake": environment.system.times.bake * 2})}
    )
    changed = change_plan(Environment(environment.name, slower, environment.groups), DEPLOY)
    assert differences(plan, changed) == ("times is described otherwise",)


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ({}, "web1"),
        ({"address": "10.0.0.1"}, "web1 (10.0.0.1)"),
        ({"address": "10.0.0.1", "ssh_hostname": "203.0.113.66"}, "web1 (10.0.0.1, ssh 203.0.113.66)"),
        ({"address": "10.0.0.1", "ssh_port": 2201}, "web1 (10.0.0.1, ssh :2201)"),
        ({"ssh_hostname": "127.0.0.1", "ssh_port": 2201}, "web1 (127.0.0.1, ssh 127.0.0.1:2201)"),
        ({"address": "10.0.0.1", "ssh_hostname": "fd00::1", "ssh_port": 22}, "web1 (10.0.0.1, ssh [fd00::1]:22)"),
    ],
)
def test_the_machine_that_ssh_goes_to_is_in_the_plan(environment, data, written):
    group = next(iter(change_plan(environment, DEPLOY)["hosts"]))
    groups = {**environment.groups, group: (host_of("web1", data),)}
    plan = change_plan(Environment(environment.name, environment.system, groups), DEPLOY)
    assert plan["hosts"][group] == [written]


def test_the_rules_are_no_part_of_the_plan(environment):
    assert "changes" not in change_plan(environment, DEPLOY)["description"]


@pytest.mark.parametrize(
    "wrong",
    [
        None, [], {}, PLAN | {"more": 1}, {key: value for key, value in PLAN.items() if key != "hosts"},
        PLAN | {"hosts": []}, PLAN | {"hosts": {"web": "web1"}}, PLAN | {"steps": [1]}, PLAN | {"release": {}},
        PLAN | {"release": {"version": 1, "sha256": ""}}, PLAN | {"description": {"edge": None}}, PLAN | {"verb": 1},
        PLAN | {"verb": "restart; touch x;"}, PLAN | {"release": {"version": "1;id", "sha256": ""}},
        PLAN | {"release": {"version": "1.4.2", "sha256": "../x"}}, PLAN | {"options": {"x; touch y #": "v"}},
        PLAN | {"options": {"share": True}}, PLAN | {"options": {"force": 1}},
        PLAN | {"options": {"message": "\x1b[2K"}}, PLAN | {"hosts": {"\x1b": []}},
        PLAN | {"steps": ["\x1b[2K\x1b[1A hidden"]}, PLAN | {"hosts": {"web": ["a\rb"]}},
        PLAN | {"system": "\n"}, PLAN | {"environment": "\u202e"}, PLAN | {"description": {"\x1b": "sha256:1"}},
    ],
)  # fmt: skip
def test_a_plan_of_another_shape_is_told(wrong):
    assert misshapen(wrong)
    assert misshapen(PLAN) == ""


@pytest.mark.parametrize("told", ["a/b", "../../x", "ab" * 31, "nonsense; rm -rf /", "ab" * 32 + "\n"])
def test_a_digest_that_is_none_is_bad_input(told):
    loaded = read(Path("inventories/vendhub/prod.py")).load()
    with pytest.raises(BadInput, match="64 hexadecimal digits"):
        intent_of("deploy", {"release": "1.4.2", "sha256": told}, loaded)
    release = intent_of("deploy", {"release": "1.4.2", "sha256": "AB" * 32}, loaded).release
    assert release.digest == "ab" * 32


def test_each_word_of_a_command_that_is_shown_is_one_word_of_the_shell():
    told = {"verb": "a b", "options": {"x; id #": "v", "message": "$(id)"}, "release": {"version": "1 2", "sha256": ""}}
    for command in (command_of(told, "I D"), request_command_of(told, "nor mal")):
        words = shlex.split(command)
        assert {"a b", "--x; id #", "v", "$(id)", "1 2"} <= set(words), command
        assert {"I D", "nor mal"} & set(words)


@pytest.mark.parametrize(
    ("verb", "words", "command"),
    [
        ("deploy", {"release": "1.4.2", "share": "10", "sha256": "ab" * 32}, "fab deploy 1.4.2 --share 10 --change ID"),
        ("rollback", {"release": "1.4.1"}, "fab rollback --release 1.4.1 --change ID"),
        ("shutdown", {"with_database": "yes"}, "fab shutdown --with-database --change ID"),
        ("hold", {"message": "back at 3"}, "fab maintenance-page on --message 'back at 3' --change ID"),
        ("startup", {}, "fab startup --change ID"),
    ],
)
def test_a_plan_knows_the_command_that_carries_it_out(environment, verb, words, command):
    loaded = read(Path("inventories/vendhub/prod.py")).load()
    intent = intent_of(verb, words, loaded)
    plan = change_plan(environment, intent)
    assert command_of(plan, "ID") == command
    again = intent_of(plan["verb"], words_of(plan) | {"sha256": plan["release"]["sha256"]}, loaded)
    assert again == intent
