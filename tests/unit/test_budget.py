"""A run with a limit: what takes long comes last, is left out where it does not fit, and is named."""

from __future__ import annotations

import ast
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import budget

ROOT = Path(__file__).parents[2]
SHORT = ["tests/unit/test_shell.py::test_a", "tests/unit/journal/test_store.py::test_another"]
LONG = [f"{path}::{name}" for path, names in budget.SECONDS.items() for name in names]


def items(nodeids):
    return [SimpleNamespace(nodeid=nodeid, path=nodeid.partition("::")[0]) for nodeid in nodeids]


def order(nodeids, today):
    kept = items(nodeids)
    budget.long_ones_last(kept, today)
    return [item.nodeid for item in kept]


@pytest.mark.parametrize("path", budget.SECONDS)
def test_what_is_said_to_take_long_exists(path):
    defined = {
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
    }
    assert {name for name in budget.SECONDS[path] if name} <= defined


def test_conformance_is_never_left_out():
    assert not any("conformance" in path for path in budget.SECONDS)


def test_what_takes_long_comes_last_and_a_file_stays_together():
    mixed = [LONG[0], SHORT[0], *LONG[1:], SHORT[1]]
    for today in range(len(budget.SECONDS)):
        found = order(mixed, today)
        assert found[:2] == SHORT
        assert sorted(found) == sorted(mixed)
        files = [nodeid.partition("::")[0] for nodeid in found[2:]]
        assert sum(one != other for one, other in pairwise(files)) == len(budget.SECONDS) - 1


def test_each_file_is_the_first_one_on_some_day():
    days = range(739_000, 739_000 + len(budget.SECONDS))
    assert {order(LONG, today)[0].partition("::")[0] for today in days} == set(budget.SECONDS)


def test_a_case_takes_as_long_as_its_test_and_a_file_may_be_meant_whole():
    path, names = next((path, names) for path, names in budget.SECONDS.items() if "" not in names)
    name, seconds = next(iter(names.items()))
    assert budget.seconds_of(f"{path}::{name}[sqlite]") == seconds
    assert budget.seconds_of(f"{path}::test_of_no_length") is None
    assert (
        budget.seconds_of("tests/unit/infra/test_cycle.py::test_any")
        == budget.SECONDS["tests/unit/infra/test_cycle.py"][""]
    )


def test_what_does_not_fit_is_not_begun_and_named():
    within = ["--within", "30", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    run = [sys.executable, "-m", "pytest", "tests/unit/infra/test_cycle.py", "tests/unit/test_budget.py", *within]
    chosen = ["-k", "takes_as_long_as_its_test or edited_plan"]
    done = subprocess.run([*run, *chosen], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "1 passed, 1 skipped" in done.stdout
    assert "1 long tests were not begun: `make test` runs all of them" in done.stdout
    assert "tests/unit/infra/test_cycle.py::test_an_edited_plan_file_is_refused\n" in done.stdout
