"""The book of windows: what was booked, which step is under way, how each came out."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import tenacity
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError

from handrail.errors import BadInput
from handrail.journal.engine import WRITES
from handrail.maintenance.owner import lives
from handrail.maintenance.tables import STEPS, WINDOWS, opened
from handrail.model.maintenance_step import TURN, Done, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.engine import Connection

    from handrail.model.course import End
    from handrail.model.maintenance import Maintenance
    from handrail.model.maintenance_step import Step

T = TypeVar("T")
# A database that is restarted, or fails over, is back by then; a step that is under way goes on meanwhile.
AWAY_SECONDS = 120
AWAY = (OperationalError, InterfaceError)
BOOKED, RUNNING, OVER = "booked", "running", "over"


@dataclass(frozen=True)
class Booking:
    """One window, as it is in the book."""

    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its name and the moment that it begins."""
        return str(self.row["id"])

    @cached_property
    def window(self) -> Maintenance:
        """What was booked."""
        from handrail.model.maintenance import Maintenance  # noqa: PLC0415  # a runner need not wait for pydantic

        return Maintenance.model_validate(json.loads(self.row["body"]))

    @property
    def begins(self) -> datetime:
        """When it begins, in UTC."""
        return datetime.fromtimestamp(self.row["begins"], UTC)

    @property
    def ends(self) -> datetime:
        """When it must be over, in UTC."""
        return datetime.fromtimestamp(self.row["ends"], UTC)

    @property
    def workflow(self) -> str:
        """The id of its workflow; each time that it is taken up again has one of its own."""
        return self.id if not self.row["round"] else f"{self.id}~{self.row['round']}"


class Book:
    """The book in its database; whoever reads or writes waits a while for a database that is away."""

    def __init__(self) -> None:
        self._engine = opened()

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    def enter(self, row: Mapping[str, Any]) -> None:
        """Book a window. Raises BadInput where one by that name begins at the same moment."""
        try:
            self._do(lambda connection: connection.execute(insert(WINDOWS), dict(row)))
        except IntegrityError:
            next_step = f"fab maintenance.status {row['id']}"
            raise BadInput(f"there is a window {row['id']} already", next_step=next_step) from None

    def find(self, identity: str) -> Booking | None:
        """Look one up."""
        found = self._do(lambda connection: connection.execute(select(WINDOWS).where(WINDOWS.c.id == identity)).first())
        return Booking(dict(found._mapping)) if found else None  # noqa: SLF001  # SQLAlchemy's public name for it

    def named(self, identity: str) -> Booking:
        """Look one up that must be there."""
        found = self.find(identity)
        if found is None:
            known = ", ".join(each.id for each in self.every()[:5]) or "none"
            raise BadInput(f"there is no window {identity!r}; the newest: {known}", next_step="fab maintenance.list")
        return found

    def every(self, *states: str) -> list[Booking]:
        """List windows, the newest first."""
        wanted = select(WINDOWS).order_by(WINDOWS.c.begins.desc())
        if states:
            wanted = wanted.where(WINDOWS.c.state.in_(states))
        rows = self._do(lambda connection: connection.execute(wanted).mappings().all())
        return [Booking(dict(row)) for row in rows]

    def set(self, identity: str, **values: Any) -> None:
        """Note something of a window."""
        self._do(lambda connection: connection.execute(update(WINDOWS).where(WINDOWS.c.id == identity).values(values)))

    def over(self, identity: str, end: End) -> None:
        """Note how a window ended."""
        self.set(identity, state=OVER, exit_code=end.exit_code, text=f"{end.word}: {end.text}")

    def forget_failures(self, identity: str) -> None:
        """Forget the steps that failed since it turned back, and the one that lets traffic in: they are tried again."""
        failed = (STEPS.c.window == identity, STEPS.c.outcome != Outcome.OK.value)
        turned = select(STEPS.c.number).where(STEPS.c.window == identity, STEPS.c.key == TURN).scalar_subquery()
        back = (STEPS.c.number > turned) | (STEPS.c.key == "resume")
        self._do(lambda connection: connection.execute(delete(STEPS).where(*failed, back)))

    def turn(self, identity: str, reason: str) -> None:
        """Note from where on everything is undone."""
        self._do(lambda connection: self._turned(connection, identity, reason))

    def _turned(self, connection: Connection, identity: str, reason: str) -> None:
        begun = connection.execute(select(STEPS.c.key).where(STEPS.c.window == identity)).scalars().all()
        now = time.time()
        row = {"window": identity, "key": TURN, "title": "Turn back", "number": len(begun) + 1, "began": now}
        if TURN not in begun:
            connection.execute(insert(STEPS), row | {"ended": now, "outcome": Outcome.FAILED.value, "text": reason})

    def steps(self, identity: str) -> list[dict[str, Any]]:
        """List the steps that were begun, in order."""
        wanted = select(STEPS).where(STEPS.c.window == identity).order_by(STEPS.c.number)
        rows = self._do(lambda connection: connection.execute(wanted).mappings().all())
        return [dict(row) for row in rows]

    def step(self, identity: str, key: str) -> dict[str, Any] | None:
        """Look a step up."""
        return next((row for row in self.steps(identity) if row["key"] == key), None)

    def claim(self, identity: str, step: Step, owner: str) -> bool:
        """Take a step that nobody has begun, or whose runner is dead; tells whether that went well."""
        now = time.time()

        def take(connection: Connection) -> bool:
            mine = (STEPS.c.window == identity, STEPS.c.key == step.key)
            row = connection.execute(select(STEPS).where(*mine)).first()
            if row is None:
                number = len(connection.execute(select(STEPS.c.key).where(STEPS.c.window == identity)).all()) + 1
                row_ = {"window": identity, "key": step.key, "title": step.title, "number": number, "began": now}
                connection.execute(insert(STEPS), row_ | {"owner": owner, "beat": now, "tries": 1})
                return True
            if row.outcome or lives(row.owner, row.beat):
                return False
            connection.execute(update(STEPS).where(*mine).values(owner=owner, beat=now, tries=row.tries + 1))
            return True

        return self._do(take)

    def beat(self, identity: str, key: str, owner: str) -> bool:
        """Say that a runner lives; tells whether the step is still its own."""
        mine = (STEPS.c.window == identity, STEPS.c.key == key, STEPS.c.owner == owner, STEPS.c.outcome == "")
        values = {"beat": time.time()}
        return bool(self._do(lambda connection: connection.execute(update(STEPS).where(*mine).values(values)).rowcount))

    def end(self, identity: str, key: str, owner: str, done: Done) -> None:
        """Note how a step came out, unless somebody else has taken it over."""
        mine = (STEPS.c.window == identity, STEPS.c.key == key, STEPS.c.owner == owner, STEPS.c.outcome == "")
        values = {"ended": time.time(), "outcome": done.outcome.value, "text": done.text}
        self._do(lambda connection: connection.execute(update(STEPS).where(*mine).values(values)))

    def _do(self, work: Callable[[Connection], T]) -> T:
        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(AWAY),
            stop=tenacity.stop_after_delay(AWAY_SECONDS),
            wait=tenacity.wait_random(0.05, 0.3),
            reraise=True,
        )
        done: T = again(self._once, work)
        return done

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self._engine.connect().execution_options(**WRITES) as connection, connection.begin():
            return work(connection)


def outcome(row: Mapping[str, Any]) -> Done:
    """Read how a step came out."""
    return Done(str(row["key"]), Outcome(row["outcome"]), str(row["text"]))
