"""Who is at work: the name that leases and records have."""

from __future__ import annotations

import getpass
import os
import pwd
import socket


def operator() -> str:
    """Name the operator and the machine, for the lease and the record; no control characters, no quotes."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # as in a container that runs with a number of its own
        user = account()
    name = f"{user}@{socket.gethostname()}"
    return "".join(letter for letter in name if letter.isalnum() or letter in "@.-_")[:80]


def account() -> str:
    """Name the account whose process this is, by its number where it has no name."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"
