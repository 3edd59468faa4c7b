"""Retention: bodies that are older than their class demands become empty, with a record that proves what was there."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from handrail.errors import BadInput, Refused
from handrail.journal import clock
from handrail.journal.claims import DAYS, PRUNED, SLACK
from handrail.journal.record import Entry, Retention, written
from handrail.journal.tables import NUMBERED, RECORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection

    from handrail.journal.store import Store

# Who has not written for so long may have a clock that is ahead.
SILENCE = timedelta(days=31)
# A hundred years.
MOST_DAYS = 36_525
C = RECORDS.c


def checked_days(asked: Mapping[Retention, int]) -> dict[Retention, int]:
    """Take longer times than the usual ones; shorter ones are refused, and such as no calendar has."""
    for retention, days in asked.items():
        if days > MOST_DAYS:
            raise BadInput(
                f"{days} days for records of the class {retention}; at most {MOST_DAYS}",
                next_step=f"fab audit.prune --{retention} {MOST_DAYS}",
            )
        if days < DAYS[retention]:
            raise BadInput(
                f"{days} days for records of the class {retention}; at least {DAYS[retention]}",
                next_step=f"fab audit.prune --{retention} {DAYS[retention]}",
            )
    return DAYS | dict(asked)


def prune(store: Store, days: Mapping[Retention, int], *, now: datetime, who: str = "") -> list[dict[str, Any]]:
    """Empty the bodies that are old enough and give the proofs, which are records themselves and are never pruned.

    A class is pruned from its oldest record to the one before the first that is too young: none in between is spared.
    Raises Refused when the clock may be ahead, for then nothing is as old as it seems.
    """
    store.reading(lambda connection: _see_that_it_is(now, connection))
    proofs = []
    for retention, length in checked_days(days).items():
        before = written(now.astimezone(UTC) - timedelta(days=length))
        proof = store.change(partial(_prune, store, of=retention, before=before, now=now, who=who))
        proofs += [proof] if proof else []
    return proofs


def _see_that_it_is(now: datetime, connection: Connection) -> None:
    """Compare the clock with the others that there are, and with the newest record."""
    text = f"the clock says {written(now)}"
    for name, other in {"this machine's kernel": clock.kernel(), "the database": clock.database(connection)}.items():
        if other is not None and now - other > SLACK:
            raise Refused(f"{text}, and that of {name} {written(other)}: nothing was pruned", next_step="timedatectl")
    newest = connection.scalar(select(C.at).where(NUMBERED).order_by(C.seq.desc()).limit(1))
    silent = newest is not None and written(now.astimezone(UTC) - SILENCE) > newest
    if silent:
        raise Refused(
            f"{text}, and the newest record is of {newest}: the clock may be ahead, so nothing was pruned",
            next_step="timedatectl; if the clock is right, fab audit.verify records so, and then fab audit.prune",
        )


def _prune(  # noqa: PLR0913  # what a proof says
    store: Store, connection: Connection, *, of: Retention, before: str, now: datetime, who: str
) -> dict[str, Any] | None:
    mine = (C["class"] == str(of), C.kind != PRUNED)
    first = connection.scalar(select(func.min(C.seq)).where(*mine, C.body.is_not(None)))
    young = connection.scalar(select(func.min(C.seq)).where(*mine, C.at >= before))
    if first is None or (young is not None and young <= first):
        return None
    old = (*mine, C.seq >= first, *([C.seq < young] if young is not None else []))
    count, last, last_at = 0, first, ""
    hashes = hashlib.sha256()
    for row in connection.execute(select(C.seq, C.at, C.hash).where(*old).order_by(C.seq)):
        hashes.update(row.hash.encode())
        count, last, last_at = count + 1, row.seq, row.at
    proof = {
        "class": str(of), "from_seq": first, "up_to_seq": last, "up_to_at": last_at, "before": before,
        "count": count, "digest": f"sha256:{hashes.hexdigest()}", "who": who,
    }  # fmt: skip
    connection.execute(update(RECORDS).where(*old).values(body=None))
    store.add(connection, Entry(PRUNED, proof, Retention.CHANGE), at=now)
    return proof
