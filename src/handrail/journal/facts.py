"""What the journal knows of a system: how long runs took, when a rollback was last shown, which runs a change had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from handrail.journal.tables import NUMBERED, RECORDS
from handrail.model.intent import SHOWS_A_ROLLBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Connection, Row

    from handrail.journal.store import Store

# From so many runs a change's length is told.
LAST_RUNS = 20
C = RECORDS.c
DONE = (NUMBERED, C.kind == "run", C.outcome == "done")


def facts(store: Store, *, system: str, environment: str, verb: str) -> dict[str, Any]:
    """Tell what the gate asks: the newest time, the seconds of the last runs, the newest rehearsals.

    Only runs that are done count; rehearsals are those of all environments. The time is the newest that any record has,
    so that a clock that was set back is seen.
    """

    def look(connection: Connection) -> dict[str, Any]:
        newest = connection.execute(select(C.seq, C.hash).where(NUMBERED).order_by(C.seq.desc()).limit(1)).first()
        lasted = (
            select(C.seconds)
            .where(C.system == system, *DONE, C.verb == verb, C.environment == environment)
            .order_by(C.seq.desc())
            .limit(LAST_RUNS)
        )
        latest = connection.execute(select(C.seq, C.at).where(NUMBERED).order_by(C.at.desc()).limit(1)).first()
        return {
            "newest_at": latest.at if latest else "",
            "newest_at_seq": latest.seq if latest else 0,
            "newest_seq": newest.seq if newest else 0,
            "newest_hash": newest.hash if newest else "",
            "durations": list(connection.scalars(lasted)),
            "rehearsals": [_rehearsal(row) for row in _rehearsals(connection, system)],
        }

    return store.reading(look)


def change_runs(store: Store, change: str) -> list[dict[str, Any]]:
    """Tell which runs a change had, the oldest first; of a run that was taken for lost and ended, how it ended."""
    mine = (NUMBERED, C.change == change, C.kind == "run")
    wanted = select(C.run, C.verb, C.outcome, C.at, C.seconds, C.seq, C.hash).where(*mine)
    rows = store.reading(lambda connection: [row._asdict() for row in connection.execute(wanted.order_by(C.seq))])
    return list({row["run"]: row for row in rows}.values())


def _rehearsals(connection: Connection, system: str) -> list[Row[Any]]:
    newest = (
        select(func.max(C.seq))
        .where(C.system == system, *DONE, C.verb.in_(sorted(SHOWS_A_ROLLBACK)))
        .group_by(C.verb, C.environment)
    )
    wanted = select(C.run, C.verb, C.environment, C.seconds, C.at, C.seq, C.body).where(C.seq.in_(newest))
    return list(connection.execute(wanted.order_by(C.seq)))


def _rehearsal(row: Row[Any]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in ("run", "verb", "environment", "seconds", "at", "seq")}
    return found | {"release": _release(json.loads(row.body) if row.body is not None else {})}


def _release(body: Mapping[str, Any]) -> str:
    """Name the release of a run: what the plan says, else what the run found out."""
    plan = body.get("plan")
    release = plan.get("release") if isinstance(plan, dict) else None
    planned = release.get("version") if isinstance(release, dict) else ""
    return str(planned or body.get("release") or body.get("what") or "")
