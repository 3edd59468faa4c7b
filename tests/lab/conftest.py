"""Fixtures of the lab: hosts in a known state, one test at a time; load on them; controllers that never stay."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from lab.load import Load
from tests.lab import known_state
from tests.lab.controller import ROOT, Controller
from tests.lab.fleet import EDGE, Fleet
from tests.lab.inventory import QUICK, inventory
from tests.lab.lock import only_test_on

if TYPE_CHECKING:
    from pathlib import Path

Start = Callable[..., Controller]


@pytest.fixture(scope="session")
def lab_is_up() -> None:
    subprocess.run([sys.executable, "-m", "lab", "up"], cwd=ROOT, check=True, timeout=280)


@pytest.fixture
def alone(lab_is_up: None) -> Iterator[None]:
    """One test at a time on these hosts, also with pytest-xdist."""
    with only_test_on("sanvi"):
        yield


@pytest.fixture
def fleet(alone: None) -> Fleet:
    """The hosts, with 1.0.0 live, the other slot empty and nothing held."""
    hosts = Fleet()
    known_state.reset(hosts)
    return hosts


@pytest.fixture
def start(fleet: Fleet) -> Iterator[Start]:
    """Begin a deploy that is left running; what still runs at the end of the test is killed."""
    begun: list[Controller] = []

    def begin(verb: str, *flags: str, **data: str) -> Controller:
        begun.append(Controller(verb, *flags, **data))
        return begun[-1]

    yield begin
    for controller in begun:
        if controller.process.poll() is None:
            controller.kill()


@pytest.fixture
def load() -> Callable[..., Load]:
    """Requests on the edge while the block runs; enough to meet every gap, few enough for a small machine."""

    def make(url: str = EDGE, *, rate: float = 100, connections: int = 20) -> Load:
        return Load(url, rate=rate, connections=connections)

    return make


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """The lab's inventory with the shortest times that are allowed."""
    return inventory(tmp_path / "quick", QUICK)
