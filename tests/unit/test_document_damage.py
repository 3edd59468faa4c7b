"""Text that is no description, or a damaged one: problems with their lines, whatever it is, and in time."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.errors import SystemInvalid
from tests.unit.shop import SHOP, parse, problems


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("", 1, "no mapping"),
        ("- a", 1, "no mapping"),
        ("system: shop\n  a: b", 2, "broken YAML"),
        ("system: shop\nedge: }", 2, "broken YAML"),
        ("system: shop\nedge: *x", 2, "broken YAML: found undefined alias"),
        ("system: shop\n--- a", 2, "broken YAML"),
        ("system: shop\nroot: \x07", 2, "a control character"),
        ("system: \ud800", 1, "text that has no UTF-8"),
        ("#" * 1_000_001, 1, "more than 1 MB"),
        ("system: shop\nroot: " + "[" * 100_000, 2, "more than 16 levels"),
        ("!!python/object:x {a: b}", 1, "no mapping"),
    ],
    ids=range(11),
)
def test_text_that_is_no_description_is_refused_with_its_line(text, line, found):
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (line, "(document)")
    assert found in problem.found


@pytest.mark.parametrize("leaf", ["[x, x]", "{x: x}", "{}"])
@pytest.mark.parametrize("form", ["[{}]", "{{<<: [{}]}}"])
@pytest.mark.timeout(10)
def test_aliases_that_multiply_are_refused_in_time(leaf, form):
    levels = [f"a0: &a0 {leaf}"]
    levels += [f"a{n}: &a{n} " + form.format(", ".join([f"*a{n - 1}"] * 9)) for n in range(1, 15)]
    assert problems("\n".join(levels))


@pytest.mark.parametrize("text", ["a: &a [*a]", "&a {<<: *a}", "a: &a {b: *a}", "&a {? *a : b}"])
def test_an_anchor_inside_itself_is_refused(text):
    assert problems(text)


@given(st.text())
def test_text_of_any_kind_is_a_system_or_its_problems(text):
    assert problems(text)


def outcome(text, environment):
    """Give the problems, or none; any other exception fails the test."""
    try:
        parse(text, environment)
    except SystemInvalid as error:
        return error.problems
    return ()


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.dates())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)


def paths_of(data, path=()):
    yield path
    if isinstance(data, dict | list):
        for part, child in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths_of(child, (*path, part))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_description_with_anything_anywhere_is_a_system_or_its_problems(data):
    shop = yaml.safe_load(SHOP)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from([path for path in paths_of(shop) if path]))
        here = shop
        for part in above:
            here = here[part]
        if data.draw(st.booleans()):
            here[last] = data.draw(VALUES)
        else:
            del here[last]
        if not shop:
            break
    found = outcome(yaml.safe_dump(shop, allow_unicode=True), data.draw(st.sampled_from(["prod", "lab", "prd"])))
    lines = [problem.line for problem in found]
    assert lines == sorted(lines)
    assert min(lines, default=1) >= 1


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_description_is_a_system_or_its_problems(data):
    start = data.draw(st.integers(0, len(SHOP)))
    end = data.draw(st.integers(start, min(len(SHOP), start + 40)))
    damage = data.draw(st.text(alphabet="{}[]:,&*!|>'\"%@`#-? \n\tab1<\\", max_size=8))
    outcome(SHOP[:start] + damage + SHOP[end:], "prod")
