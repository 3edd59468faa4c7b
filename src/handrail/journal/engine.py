"""Connections to the store: SQLite's file with care for its rights and its disk, or PostgreSQL by its URL."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from handrail.errors import BadInput, Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine

DEFAULT = ".handrail/journal.db"
# How long a connection waits for PostgreSQL, and for its locks.
CONNECT_SECONDS = 5
LOCK_MILLISECONDS = 5000
# How long PostgreSQL may take for one statement; HANDRAIL_STORE's `options` can allow more.
STATEMENT_MILLISECONDS = 120_000
# When nothing that was sent arrives, or nothing at all comes back, the connection is given up.
SILENCE = {"tcp_user_timeout": 8000, "keepalives_idle": 4, "keepalives_interval": 2, "keepalives_count": 2}
# What file systems allow for a name and for a path.
NAME_BYTES, PATH_BYTES = 255, 4095
# How long one try waits for SQLite's lock; `Store` tries again until its own deadline.
TRY_SECONDS = 0.5
WRITES = {"writes": True}
NEXT = "HANDRAIL_STORE=postgresql://USER@HOST/DATABASE, or unset it for .handrail/journal.db"


def url_of(text: str) -> URL:
    """Read HANDRAIL_STORE: empty for the file, else sqlite:///PATH, or PostgreSQL's URL. Never repeats what it says."""
    if not text:
        return URL.create("sqlite", database=DEFAULT)
    try:
        url = make_url(text)
        backend = url.drivername.partition("+")[0]
    except (ArgumentError, ValueError):
        raise BadInput("HANDRAIL_STORE is no URL of a store", next_step=NEXT) from None
    if backend == "sqlite" and url.database and url.database != ":memory:":
        if _too_long(url.database):
            raise BadInput("HANDRAIL_STORE names a file whose path is too long", next_step=NEXT)
        return URL.create("sqlite", database=url.database)
    if backend in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    raise BadInput(f"HANDRAIL_STORE names a store of the kind {backend[:20]!r}", next_step=NEXT)


def engine_of(url: URL, *, writes: bool) -> Engine:
    """Make the engine; connects to nothing yet."""
    if url.get_backend_name() == "sqlite":
        return _sqlite(Path(str(url.database)), writes=writes)
    try:
        import psycopg  # noqa: F401, PLC0415  # an extra, which SQLite's users need not have
    except ImportError:
        raise Refused(
            "HANDRAIL_STORE names PostgreSQL, and its driver is not installed",
            next_step="pip install 'handrail[postgresql]'",
        ) from None
    # What the URL sets, such as a search_path, holds as well.
    given = url.query.get("options", "")
    own = given if isinstance(given, str) else " ".join(given)
    settings = (
        f"-c statement_timeout={STATEMENT_MILLISECONDS} {own} -c lock_timeout={LOCK_MILLISECONDS} -c timezone=UTC"
    )
    arguments = {"connect_timeout": CONNECT_SECONDS, "options": settings, "client_encoding": "utf8", **SILENCE}
    level = "READ COMMITTED" if writes else "REPEATABLE READ"
    # A run may take an hour, in which a server or a firewall drops what is idle.
    engine = create_engine(url, connect_args=arguments, isolation_level=level, pool_pre_ping=True)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def make_place(path: Path) -> None:
    """Make the file, for this user alone, and the folder that it is in; SQLite's other files get the same rights."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.parent.name == ".handrail" and path.parent.stat().st_uid == os.geteuid():
        path.parent.chmod(0o700)
    # POSIX: closing a file drops every lock that this process has on it, those of an open SQLite connection too.
    if not (path.exists() and os.access(path, os.W_OK)):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def is_there(path: Path) -> bool:
    """Whether there is a file. Raises OSError where nobody can tell: that is not the same as none."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _sqlite(path: Path, *, writes: bool) -> Engine:
    # Read-only journals, as of an auditor, have no place for the files that sharing needs: `immutable` shares nothing.
    alone = not writes and not os.access(path.parent, os.W_OK)
    mode = "mode=rw" if writes else f"mode=ro{'&immutable=1' if alone else ''}"
    quoted = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    engine = create_engine(
        URL.create("sqlite", database=f"file:{quoted}", query=dict([pair.split("=") for pair in mode.split("&")])
                   | {"uri": "true"}),
        connect_args={"timeout": TRY_SECONDS}, poolclass=None if writes else NullPool,
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: Any) -> None:
        # Transactions begin where we say, not where Python's module does.
        connection.isolation_level = None
        # Text that is no UTF-8 was altered: verifying names its record.
        connection.text_factory = _text
        if writes:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _too_long(path: str) -> bool:
    return len(os.fsencode(path)) > PATH_BYTES or any(len(os.fsencode(part)) > NAME_BYTES for part in Path(path).parts)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        # "handrail" as a number; writers form a queue, and nobody else needs to know it.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7521983)")
        connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
