"""Ports for the servers that tests start: each is given once, and no connection can come by it on its own."""

from __future__ import annotations

import os
import random
import socket

# Below the ports that Linux gives to connections (32,768 and up, ip_local_port_range), above those of the lab's hosts;
# a part for each process of pytest-xdist.
FIRST, PART = 12_000, 2_000
_given: set[int] = set()


def free_port() -> int:
    """Give a port of loopback that nothing listens on, and that no test of this run was given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST + worker % 10 * PART
    for port in random.sample(range(first, first + PART), PART):
        if port not in _given and _nothing_listens(port):
            _given.add(port)
            return port
    raise AssertionError(f"no free port from {first} to {first + PART - 1}")


def _nothing_listens(port: int) -> bool:
    with socket.socket() as asked:
        try:
            asked.bind(("", port))
        except OSError:
            return False
    return True
