"""One test at a time on the hosts of a system, also when several processes run tests."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from lab import paths
from lab.hosts import SYSTEMS

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def only_test_on(*systems: str) -> Iterator[None]:
    """Have these systems' hosts for oneself; always in the same order, so that nobody waits in a circle."""
    with ExitStack() as stack:
        for system in sorted(systems or SYSTEMS):
            paths.RUNTIME.mkdir(parents=True, exist_ok=True)
            handle = os.open(paths.RUNTIME / f"{system}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            stack.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
