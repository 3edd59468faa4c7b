"""Each test of the suite runs once for each runtime, on hosts of the lab with a good release live."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.load import Load
from tests.lab.conformance.cloud import SUBJECTS
from tests.lab.controller import ROOT
from tests.lab.inventory import QUICK
from tests.lab.lock import only_test_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.lab.conformance.subject import Subject

TABLE = ROOT / ".handrail" / "conformance"


PARAMS = [pytest.param(one, id=one.runtime) for one in SUBJECTS]


@pytest.fixture(scope="session", params=PARAMS)
def up(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """The system with its hosts up, and its edge configured as the inventory says, whatever ran there before.

    A deploy that finds another configuration reloads nginx, which costs kept-alive connections.
    """
    subject: Subject = request.param
    with only_test_on(subject.system):
        subject.bring_up()
        with subject.at_home():
            subject.make_good()
            subject.run("startup")
    yield subject
    subject.take_down()


@pytest.fixture
def subject(request: pytest.FixtureRequest, up: Subject) -> Iterator[Subject]:
    """The system with a good release live, brought there by its own verbs."""
    reason = up.cannot.get(request.function.__name__)
    if reason:
        pytest.skip(reason)
    with only_test_on(up.system), up.at_home():
        up.make_good()
        yield up


@pytest.fixture
def quick(up: Subject, tmp_path: Path) -> Path:
    """The system's inventory with the shortest times that are allowed."""
    return up.described(tmp_path / "quick", QUICK)


@pytest.fixture
def changed(up: Subject, tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    """Make an inventory in which the first service of the system is described otherwise."""

    def make(changes: dict[str, Any]) -> Path:
        return up.described(tmp_path / "changed", {**QUICK, "services": {up.first: changes}})

    return make


@pytest.fixture
def load(up: Subject) -> Callable[..., Load]:
    """Requests on the system's edge while the block runs."""
    return lambda rate=100, connections=15: Load(up.url, rate=rate, connections=connections, paths=up.paths)


@pytest.fixture(scope="session")
def table() -> Iterator[dict[str, Any]]:
    """What was measured of each runtime; `make conformance` prints it."""
    rows: dict[str, Any] = {}
    yield rows
    for runtime, row in rows.items():
        TABLE.mkdir(parents=True, exist_ok=True)
        (TABLE / f"{runtime}.json").write_text(json.dumps(row) + "\n")
