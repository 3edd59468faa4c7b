"""Where windows and their steps are kept: a file of its own, or the PostgreSQL that HANDRAIL_STORE names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text
from sqlalchemy.engine import URL

from handrail.journal.engine import engine_of, make_place, url_of
from handrail.journal.open import STORE

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

DEFAULT = "maintenance.db"
ENGINE = "maintenance.dbos.db"

METADATA = sa.MetaData()
WINDOWS = Table(
    "maintenance_windows",
    METADATA,
    Column("id", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("name", "system", "environment", "inventory", "file")),
    # `body` is the window as it was when it was booked, as JSON.
    *(Column(name, Text, nullable=False) for name in ("body", "digest", "who", "booked")),
    *(Column(name, sa.Double, nullable=False) for name in ("begins", "ends")),
    Column("state", Text, nullable=False),
    Column("text", Text, nullable=False, server_default=""),
    Column("exit_code", sa.Integer),
    # How often it was taken up again: each time is a workflow of its own.
    Column("round", sa.Integer, nullable=False, server_default="0"),
    *(Column(name, Text, nullable=False, server_default="") for name in ("aborted", "announced")),
)
STEPS = Table(
    "maintenance_steps",
    METADATA,
    Column("window", Text, sa.ForeignKey("maintenance_windows.id"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("number", sa.Integer, nullable=False),
    # Who runs it, when it was last heard of, and how often it was begun.
    Column("owner", Text, nullable=False, server_default=""),
    Column("beat", sa.Double, nullable=False, server_default="0"),
    Column("tries", sa.Integer, nullable=False, server_default="0"),
    Column("began", sa.Double, nullable=False),
    Column("ended", sa.Double),
    Column("outcome", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False, server_default=""),
)


def url() -> URL:
    """Name the database: the store's PostgreSQL, or a file beside the store's file."""
    return _beside(DEFAULT)


def engine_url() -> URL:
    """Name DBOS's own: a schema of that PostgreSQL, or one more file."""
    return _beside(ENGINE)


def _beside(file: str) -> URL:
    store = url_of(os.environ.get(STORE, ""))
    if store.get_backend_name() != "sqlite":
        return store
    return URL.create("sqlite", database=str(Path(str(store.database)).parent / file))


def opened() -> Engine:
    """Open the database; its tables are made on first use."""
    engine = _made(url())
    METADATA.create_all(engine)
    return engine


def prepared() -> str:
    """Make DBOS's place and give its URL, which may hold a password.

    SQLite is to write ahead, so that those who read and those who write do not shut each other out.
    """
    where = engine_url()
    engine = _made(where)
    with engine.connect():
        pass
    engine.dispose()
    return where.render_as_string(hide_password=False)


def _made(where: URL) -> Engine:
    if where.get_backend_name() == "sqlite":
        make_place(Path(str(where.database)))
    return engine_of(where, writes=True)
