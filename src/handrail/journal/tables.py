"""The tables of the journal, and how one of an older version becomes one of this version."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table, Text, insert, select, update

from handrail.errors import Refused
from handrail.journal.record import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import Connection

VERSION = 1
DIGITS = 9
# The step that stands under a number makes a journal of that version one of the next.
STEPS: dict[int, Callable[[Connection], None]] = {}

METADATA = sa.MetaData()
META = Table("meta", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
RECORDS = Table(
    "records",
    METADATA,
    Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.CheckConstraint("seq > 0", name="records_seq"),
    *(Column(name, Text, nullable=False) for name in ("at", "class", "kind", "system", "environment", "verb")),
    *(Column(name, Text, nullable=False) for name in ("run", "change", "outcome")),
    Column("seconds", sa.Double, nullable=False),
    Column("body", Text),
    *(Column(name, Text, nullable=False) for name in ("body_hash", "previous", "hash")),
    # How long a verb takes; the newest rehearsal; where an export begins, and a clock that was set back.
    Index("records_done", "system", "kind", "outcome", "verb", "environment", "seq"),
    Index("records_at", "at"),
    Index("records_run", "run"),
    Index("records_change", "change"),
    Index("records_class", "class", "seq"),
)
# The first record has number 1: what stands before it was never written, and answers no question.
NUMBERED = RECORDS.c.seq > 0
HEADS = Table(
    "heads",
    METADATA,
    Column("signer", Text, primary_key=True),
    Column("seq", sa.BigInteger, primary_key=True),
    Column("hash", Text, nullable=False),
    Column("line", Text, nullable=False),
)


def prepare(connection: Connection) -> str:
    """Make the tables if there are none, bring old ones up to date, and give the id of the store.

    The caller holds the lock, so that two first uses make one journal.
    """
    if not sa.inspect(connection).has_table(META.name):
        METADATA.create_all(connection)
        identity = secrets.token_hex(8)
        connection.execute(insert(META), {"name": "version", "value": str(VERSION)})
        connection.execute(insert(META), {"name": "id", "value": identity})
        return identity
    found = version_of(connection)
    for step in range(found, VERSION):
        STEPS[step](connection)
    if found < VERSION:
        connection.execute(update(META).where(META.c.name == "version").values(value=str(VERSION)))
    return _identity(connection)


def ready(connection: Connection) -> str:
    """Give the id of a store that needs nothing to be done, so that opening it waits for no lock; else nothing."""
    if not sa.inspect(connection).has_table(META.name) or not meta(connection):
        return ""
    return _identity(connection) if version_of(connection) == VERSION else ""


def known(connection: Connection) -> str:
    """Give the id of a store that is only read. Raises Refused for what is no journal, or not of this version."""
    if not sa.inspect(connection).has_table(META.name):
        raise Refused("this database has no journal", next_step="set HANDRAIL_STORE to the one that has it")
    raise Refused(
        f"the journal has version {version_of(connection)}; it must become version {VERSION} before it is read",
        next_step="fab audit.verify on the machine that writes it",
    )


def version_of(connection: Connection) -> int:
    """Read the version of the tables. Raises Refused for one that only a newer handrail knows."""
    said = meta(connection).get("version", "0")
    found = int(said) if said.isascii() and said.isdigit() and len(said) < DIGITS else 0
    if not 0 < found <= VERSION:
        raise Refused(
            f"the journal has version {clean(said[:20])}, and this handrail knows versions up to {VERSION}",
            next_step="use the handrail that wrote it, or a newer one",
        )
    return found


def meta(connection: Connection) -> dict[str, str]:
    """Read what the journal says of itself."""
    return {str(row.name): str(row.value) for row in connection.execute(select(META.c.name, META.c.value))}


def _identity(connection: Connection) -> str:
    identity = meta(connection).get("id", "")
    if not identity:
        raise Refused(
            "the journal does not say which one it is: somebody has altered its table meta",
            next_step="put the newest backup of the journal back",
        )
    return str(clean(identity))
