"""How all tests are run: in which order, by which process, and within which time."""

from __future__ import annotations

import gc
import os
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from tests import budget

# Three dozen tests change a description: what PyYAML has in Python takes ten times as long.
if yaml.__with_libyaml__:
    yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper

LAB_WORKERS = {"gw0", "gw1"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run have a limit."""
    told = "begin no long test (tests/budget.py) that would end later than this from now"
    parser.addoption("--within", type=float, metavar="SECONDS", help=told)


def pytest_configure(config: pytest.Config) -> None:
    """Let tests on hosts go first: their hosts have deadlines. All processes have one limit, and one day."""
    given = getattr(config, "workerinput", {})
    within = config.option.within
    limit = None if within is None else (time.time() + within, datetime.now(UTC).date().toordinal())
    limit = given.get("limit", limit)
    config.limit = budget.Limit(*limit) if limit else None
    if given.get("workerid", "gw0") not in LAB_WORKERS:
        os.nice(5)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell another process, also one that begins late."""
    limit = node.config.limit
    node.workerinput["limit"] = (limit.until, limit.today) if limit else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a limit, begin with what must be run."""
    if config.limit:
        items.sort(key=lambda item: config.limit.may_wait(item.nodeid))


def pytest_collection_finish() -> None:
    """Look for no garbage in what is there as long as the tests are: a million objects, again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what does not fit any more. Tests on hosts go first, whoever has them."""
    limit = item.config.limit
    if limit and not limit.fits(item.nodeid):
        pytest.skip(budget.REASON)
    if item.get_closest_marker("lab") and os.getpriority(os.PRIO_PROCESS, 0) > 0:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, 0)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not begun: nobody should take it for tested."""
    skipped = terminalreporter.stats.get("skipped", [])
    left = sorted(report.nodeid for report in skipped if budget.REASON in str(report.longrepr))
    if left:
        terminalreporter.section(f"not begun, {len(left)} in all: `make test` runs every test")
        for nodeid in left:
            terminalreporter.line(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal tests out by system; without pytest-xdist nobody asks."""
    from tests.dealing import BySystem  # noqa: PLC0415  # `fab verify` runs without pytest-xdist

    return BySystem(config, log)
