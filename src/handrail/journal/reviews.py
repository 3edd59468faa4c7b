"""Emergencies that no change stands for: their reviews are records of the journal alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from handrail.journal.tables import RECORDS

if TYPE_CHECKING:
    from handrail.journal.store import Store

C = RECORDS.c
REVIEW = "review"


def unreviewed(store: Store, *, system: str, environment: str) -> list[dict[str, Any]]:
    """Give the bodies of emergencies that ran without a change and have no review yet, the oldest first."""
    mine = (C.system == system, C.environment == environment, C.change == "")
    wanted = select(C.run, C.body).where(C.kind == "run", *mine, C.body.is_not(None)).order_by(C.seq)
    # Most runs are none; the text of the record tells without reading it.
    wanted = wanted.where(C.body.contains('"emergency":true'))
    reviewed = select(C.run).where(C.kind == REVIEW, *mine)
    rows = store.reading(lambda connection: list(connection.execute(wanted.where(C.run.not_in(reviewed)))))
    bodies = [json.loads(row.body) for row in rows]
    return [body for body in bodies if body.get("emergency") is True]
