"""Open the journal that HANDRAIL_STORE names, or the one in this folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from handrail.errors import Refused
from handrail.journal import head, trouble
from handrail.journal.engine import engine_of, url_of
from handrail.journal.engine import is_there as file_is_there
from handrail.journal.store import Store
from handrail.journal.tables import META

if TYPE_CHECKING:
    from handrail.journal.head import Signer

STORE = "HANDRAIL_STORE"


def writer(signer: Signer | None = None) -> Store:
    """Open the journal for writing, signed with this machine's key; both are made on first use."""
    return Store(_named(), signer=signer or head.signer())


def shared() -> Store:
    """Open the store for what is no record, such as messages that were sent: it needs no key."""
    return Store(_named())


def reader() -> Store:
    """Open the journal for reading, without a key. Raises BadInput or Refused where there is none."""
    return Store(_named(), writes=False)


def reader_or_none() -> Store | None:
    """Open the journal for reading, or give nothing where there is none yet; a wrong HANDRAIL_STORE is still told."""
    return reader() if is_there() else None


def place() -> str:
    """Name the journal for people, without opening it."""
    return trouble.shown(url_of(_named()))


def _named() -> str:
    return os.environ.get(STORE, "")


def is_there() -> bool:
    """Whether there is a journal. Raises Refused where nobody can tell."""
    url = url_of(_named())
    try:
        if url.get_backend_name() == "sqlite" and not file_is_there(Path(str(url.database))):
            return False
    except OSError as error:
        raise Refused(
            f"the journal {url.database} cannot be opened: {error.strerror}", next_step=f"ls -ld {url.database}"
        ) from None
    engine = engine_of(url, writes=False)
    try:
        with engine.connect() as connection:
            return sa.inspect(connection).has_table(META.name)
    except SQLAlchemyError as error:
        raise trouble.refused(error, url) from None
    finally:
        engine.dispose()
