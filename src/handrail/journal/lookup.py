"""Look records up as people name them: by number, by run or change, or the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from handrail.errors import BadInput
from handrail.journal.record import Retention
from handrail.journal.tables import NUMBERED, RECORDS

if TYPE_CHECKING:
    from handrail.journal.record import Record
    from handrail.journal.store import Store

NEWEST = "newest"
# Records of one run or change that are shown.
MOST = 50
C = RECORDS.c


def found(store: Store, which: str) -> list[Record]:
    """Look records up. Raises BadInput when there is none."""
    if which == NEWEST:
        seqs = _seqs(store, C["class"] == str(Retention.CHANGE))[-1:]
    else:
        number = which.isascii() and which.isdigit() and _seqs(store, C.seq == int(which[:18]))
        seqs = number or _seqs(store, (C.run == which) | (C.change == which))
    if not seqs:
        raise BadInput(f"the journal has no record {which!r}", next_step=f"fab audit.show {NEWEST}")
    return [record for seq in seqs for record in store.stream(since=seq, until=seq)]


def newest(store: Store) -> int:
    """Give the number of the newest record; 0 when there is none."""
    return store.reading(lambda connection: int(connection.scalar(select(func.max(C.seq))) or 0))


def _seqs(store: Store, where: Any) -> list[int]:
    wanted = select(C.seq).where(NUMBERED, where).order_by(C.seq.desc()).limit(MOST)
    return store.reading(lambda connection: sorted(connection.scalars(wanted)))
