"""Who is at work: the name that leases and records have."""

from __future__ import annotations

import getpass
import socket


def operator() -> str:
    """Name the operator and the machine, for the lease and the record; no control characters, no quotes."""
    name = f"{getpass.getuser()}@{socket.gethostname()}"
    return "".join(letter for letter in name if letter.isalnum() or letter in "@.-_")[:80]
