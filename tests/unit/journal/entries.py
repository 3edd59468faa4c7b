"""Entries to fill a journal with, and hands to alter it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text

from handrail.journal.record import Entry

if TYPE_CHECKING:
    from handrail.journal.store import Store


def entry(number: int = 0, kind: str = "run", **more) -> Entry:
    """Make an entry as a run has it."""
    body = {"run": f"r{number}", "system": "shop", "environment": "prod", "verb": "deploy", "outcome": "done"}
    return Entry(kind, {**body, "seconds": number + 0.5, "steps": [{"step": "stage", "words": "ok"}], **more})


def filled(store: Store, count: int) -> Store:
    """Write records."""
    for number in range(1, count + 1):
        store.append(entry(number))
    return store


@contextmanager
def hands(url: str):
    """Get at the database past the journal, as somebody does who wants to alter it."""
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        yield lambda words, **values: connection.execute(text(words), values)
    engine.dispose()
