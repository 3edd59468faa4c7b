"""The lab's passwords: random, and full of what careless quoting breaks on."""

from __future__ import annotations

import os
import secrets

from lab import paths

BREAKING = ("$x", ";", "'", '"', "\\", "`", " #")
NAMES = ("DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET")


def make() -> None:
    """Write each password to a file of its own that only its owner can read; keep those that exist."""
    paths.SECRETS.mkdir(parents=True, exist_ok=True)
    paths.SECRETS.chmod(0o700)
    for name in NAMES:
        path = paths.SECRETS / name
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(_hostile())


def read(name: str) -> str:
    """Return one password."""
    return (paths.SECRETS / name).read_text()


def psql_literal(text: str) -> str:
    """Quote for a psql variable, where a backslash begins an escape and a quote ends the word."""
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def redis_literal(text: str) -> str:
    """Quote for redis.conf, where a backslash or a double quote ends a quoted word."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _hostile() -> str:
    # $x expands in a shell and in systemd, ; ends a command, ' and " end a word, \ and ` begin something, and behind a
    # space # is a comment
    parts = [secrets.token_hex(5) for _ in range(len(BREAKING) + 1)]
    return "".join(part + between for part, between in zip(parts, [*BREAKING, ""], strict=True))
