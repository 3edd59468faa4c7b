"""A run with a limit: what takes long comes last, is left out where it does not fit, and is named."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import budget

ROOT = Path(__file__).parents[2]
SHORT = ["tests/unit/test_shell.py::test_a", "tests/unit/journal/test_store.py::test_another"]
LONG = [f"{path}::{name}" for path, names in budget.SECONDS.items() for name in names]
TODAY = 739_000
PAST, FAR = 0.0, 1e12


@pytest.mark.parametrize("path", budget.SECONDS)
def test_what_is_said_to_take_long_exists(path):
    defined = {
        node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
    }
    assert {name.partition("[")[0] for name in budget.SECONDS[path] if name} <= defined


def test_conformance_is_never_left_out():
    assert not any("conformance" in path for path in budget.SECONDS)


def test_what_is_short_may_always_begin():
    limit = budget.Limit(PAST, TODAY)
    assert all(limit.fits(nodeid) and not limit.may_wait(nodeid) for nodeid in SHORT)


def test_what_takes_long_begins_only_where_it_ends_in_time():
    waits = next(nodeid for nodeid in LONG if budget.Limit(FAR, TODAY).may_wait(nodeid))
    assert budget.Limit(FAR, TODAY).fits(waits)
    assert not budget.Limit(PAST, TODAY).fits(waits)
    now = time.time()
    assert budget.Limit(now + budget.seconds_of(waits) + 30, TODAY).fits(waits)
    assert not budget.Limit(now + budget.seconds_of(waits) - 1, TODAY).fits(waits)


def test_whatever_the_limit_everything_is_run_in_some_days():
    days = [budget.Limit(PAST, TODAY + day) for day in range(budget.DAYS)]
    for nodeid in LONG:
        assert sum(day.fits(nodeid) for day in days) == 1, nodeid


def test_days_have_about_as_much_to_do():
    full = [sum(budget.SECONDS[path][name] for path, name in share) for share in budget.shares()]
    longest = max(seconds for names in budget.SECONDS.values() for seconds in names.values())
    assert max(full) - min(full) <= longest


def test_a_case_takes_as_long_as_its_test_and_a_file_may_be_meant_whole():
    cycle = "tests/unit/infra/test_cycle.py"
    assert budget.seconds_of("tests/lab/test_story.py::test_a_system_is_born_grows_goes_back_and_shuts_down[x]") > 0
    assert budget.seconds_of("tests/lab/test_story.py::test_of_no_length") == 0
    assert budget.seconds_of(f"{cycle}::test_any") == budget.SECONDS[cycle][""]


def test_what_does_not_fit_is_not_begun_and_named():
    days = [budget.Limit(PAST, datetime.now(UTC).date().toordinal() + more) for more in (0, 1)]
    waits = next(each for each in LONG if "/unit/" in each and all(day.may_wait(each) for day in days))
    path, _, name = waits.partition("::")
    run = [sys.executable, "-m", "pytest", path, "tests/unit/test_duration.py", "--within", "0", "-n", "2", "-q"]
    chosen = ["-k", f"{name.partition('[')[0]} or duration"]
    done = subprocess.run([*run, *chosen], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stdout
    _, _, told = done.stdout.partition(": `make test` runs every test")
    assert f"\n{waits}" in told
    assert "test_duration.py" not in told
    assert re.search(r"\d+ passed, \d+ skipped", told)
