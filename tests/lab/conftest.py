"""Fixtures of the lab: the hosts, in a known state and one test at a time, load on them, and controllers that never stay."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# `lab` and these modules are folders of the project, not installed: found from here, whichever way pytest was started
ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from lab.load import Load  # noqa: E402  # only now it can be found
from tests.lab import known_state  # noqa: E402  # likewise
from tests.lab.controller import Controller  # noqa: E402  # likewise
from tests.lab.fleet import EDGE, Fleet  # noqa: E402  # likewise
from tests.lab.inventory import QUICK, inventory  # noqa: E402  # likewise

Start = Callable[..., Controller]


@pytest.fixture(scope="session")
def lab_is_up() -> None:
    subprocess.run([sys.executable, "-m", "lab", "up"], cwd=ROOT, check=True, timeout=280)


@pytest.fixture
def alone() -> Iterator[None]:
    """One test at a time on these hosts, also with pytest-xdist."""
    handle = os.open(Path(__file__).parent, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield
    os.close(handle)


@pytest.fixture
def fleet(lab_is_up: None, alone: None) -> Fleet:
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

    def make(url: str = EDGE, *, rate: float = 400, connections: int = 20) -> Load:
        return Load(url, rate=rate, connections=connections)

    return make


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    """The lab's inventory with the shortest times that are allowed."""
    return inventory(tmp_path / "quick", QUICK)
