"""One test at a time on the hosts of a system, also when several processes run tests."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from lab import paths
from lab.hosts import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def idle_meanwhile(*systems: str) -> Iterator[list[str]]:
    """Have those of these systems' hosts for oneself that nobody has now, and name the systems; never waits."""
    with ExitStack() as stack:
        idle = []
        for system in systems:
            with suppress(BlockingIOError):
                stack.enter_context(_locked(system, fcntl.LOCK_EX | fcntl.LOCK_NB))
                idle.append(system)
        yield idle


@contextmanager
def _locked(system: str, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    paths.RUNTIME.mkdir(parents=True, exist_ok=True)
    handle = os.open(paths.RUNTIME / f"{system}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)


@contextmanager
def only_test_on(*systems: str) -> Iterator[None]:
    """Have these systems' hosts for oneself; always in the same order, so that nobody waits in a circle."""
    with ExitStack() as stack:
        for system in sorted(systems or SYSTEMS):
            stack.enter_context(_locked(system))
        yield
