"""The outbox: a row for each message to each URL, in the store of the journal; a message is claimed before it is sent.

A row is no evidence: it has no hash, and goes after a year. The table is made when it is first needed, whatever version
the journal in that store has, and that version stays as it is.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Column, Table, Text, delete, insert, select, update

from handrail.journal.open import shared
from handrail.journal.record import clean, written
from handrail.model.delivery import Delivery, State

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from handrail.journal.store import Store

# A claim is renewed before each try: it outlives a try of ten seconds and the pause before the next one.
CLAIM_SECONDS = 25
KEPT = timedelta(days=366)

METADATA = sa.MetaData()
OUTBOX = Table(
    "outbox",
    METADATA,
    *(Column(name, Text, primary_key=True) for name in ("system", "environment", "event", "key", "channel", "secret")),
    Column("owner", Text, nullable=False),
    Column("until", sa.Double, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("title", "state", "text", "at", "ended")),
    Column("tries", sa.Integer, nullable=False),
)
C = OUTBOX.c


@dataclass(frozen=True)
class Slip:
    """Which message, to which URL, by which sender."""

    system: str
    environment: str
    event: str
    key: str
    channel: str
    secret: str
    owner: str


@dataclass(frozen=True)
class Row:
    """A message in the outbox, as it is listed."""

    at: str
    event: str
    key: str
    channel: str
    secret: str
    state: State
    tries: int
    title: str
    text: str
    ended: str

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return asdict(self)


class Outbox:
    """The outbox of a sender; the store is opened when it is first needed. Raises Refused where it cannot be used."""

    def __init__(self) -> None:
        self._opened: Store | None = None
        self._lock = threading.Lock()

    def claim(self, slip: Slip, title: str) -> State | None:
        """Take a message to send it: nothing means that it is ours, else how far it is in other hands."""
        return self._store.change(lambda connection: _claim(connection, slip, title))

    def renew(self, slip: Slip) -> bool:
        """Keep a claim, before each try; False when another one has it."""

        def work(connection: Connection) -> bool:
            until = _clock(connection) + CLAIM_SECONDS
            return connection.execute(update(OUTBOX).where(*_mine(slip)).values(until=until)).rowcount > 0

        return self._store.change(work)

    def mark(self, slip: Slip, sent: Delivery) -> None:
        """Note how it went."""
        now = written(datetime.now(UTC))
        how = {"state": str(sent.state), "text": clean(sent.text), "tries": C.tries + sent.tries, "ended": now}
        self._store.change(lambda connection: connection.execute(update(OUTBOX).where(*_mine(slip)).values(how)))

    @property
    def _store(self) -> Store:
        with self._lock:
            if self._opened is None:
                store = shared()
                store.change(METADATA.create_all)
                self._opened = store
            return self._opened


def rows(store: Store, *, system: str, environment: str, since: str) -> list[Row]:
    """List what was sent, or was to be, since a time, the newest last; a store without an outbox has nothing."""
    names = [field.name for field in fields(Row)]

    def work(connection: Connection) -> list[Row]:
        if not sa.inspect(connection).has_table(OUTBOX.name):
            return []
        now = _clock(connection)
        here = (C.system == system, C.environment == environment, C.at >= since)
        wanted = select(*(C[name] for name in names), C.until).where(*here).order_by(C.at, C.event, C.channel, C.secret)
        return [_row(dict(each), now) for each in connection.execute(wanted).mappings()]

    return store.reading(work)


def _row(values: dict[str, Any], now: float) -> Row:
    gone = values.pop("until") < now and values["state"] == State.UNDER_WAY
    return Row(**(values | {"state": State.LOST if gone else State(values["state"])}))


def _claim(connection: Connection, slip: Slip, title: str) -> State | None:
    """Within one transaction, before which others wait."""
    now, at = _clock(connection), written(datetime.now(UTC))
    taken = {"owner": slip.owner, "until": now + CLAIM_SECONDS, "state": str(State.UNDER_WAY), "title": clean(title)}
    found = connection.execute(select(C.state, C.until).where(*_same(slip))).first()
    if found is None:
        connection.execute(delete(OUTBOX).where(C.at < written(datetime.now(UTC) - KEPT)))
        connection.execute(insert(OUTBOX), {**asdict(slip), **taken, "tries": 0, "text": "", "at": at, "ended": ""})
        return None
    if found.state == State.SENT:
        return State.BEFORE
    if found.state == State.UNDER_WAY and found.until >= now:
        return State.UNDER_WAY
    connection.execute(update(OUTBOX).where(*_same(slip)).values(taken))
    return None


def _same(slip: Slip) -> list[Any]:
    return [C[name] == value for name, value in asdict(slip).items() if name != "owner"]


def _mine(slip: Slip) -> list[Any]:
    return [*_same(slip), C.owner == slip.owner, C.state == str(State.UNDER_WAY)]


def _clock(connection: Connection) -> float:
    """Tell the time by the one clock that all senders share: the server's, or this machine's for a file on it."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.scalar(select(sa.extract("epoch", sa.func.clock_timestamp()))) or 0)
