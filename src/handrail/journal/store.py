"""The store: records are appended one after the other, and read in batches; whatever goes wrong is a refusal."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.exc import SQLAlchemyError

from handrail.errors import BadInput, Refused
from handrail.journal import head, tables, trouble
from handrail.journal.claims import PRUNED, said
from handrail.journal.engine import WRITES, engine_of, is_there, make_place, url_of
from handrail.journal.record import NOTHING, Record, column, is_lost, make
from handrail.journal.tables import HEADS, RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType

    from sqlalchemy.engine import Connection

    from handrail.journal.head import Signer
    from handrail.journal.record import Entry

T = TypeVar("T")
# How long the journal may be locked before a run is refused; a run waits 15 s for its recorder. SQLite has no queue:
# with eight busy writers on a slow disk an unlucky one was seen to wait for more than 5 s.
BUSY_SECONDS = 12
# Rows that are in memory at once while the journal is streamed.
BATCH = 200


class Store:
    """The journal in its database. Every write and every signed head is one transaction, and writers form a queue."""

    # The first record has this number, and this hash before it.
    begins = (1, NOTHING)

    def __init__(self, url: str = "", *, signer: Signer | None = None, writes: bool = True) -> None:
        """Open the journal; one that is written to is made on first use."""
        self.url = url_of(url)
        self.place = trouble.shown(self.url)
        self.signer = signer
        self._file = 0
        if self.url.get_backend_name() == "sqlite":
            self._placed(writes=writes)
        self._engine = engine_of(self.url, writes=writes)
        try:
            self.id = self.reading(tables.ready) or (
                self._writing(tables.prepare) if writes else self.reading(tables.known)
            )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Use it as long as the block lasts."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the connections go."""
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._engine.dispose()

    def append(self, entry: Entry, *, at: datetime | None = None) -> dict[str, Any]:
        """Write a record after the newest one, and give the signed head. What is there already is not written twice."""
        return self._writing(lambda connection: self.add(connection, entry, at=at))

    def add(self, connection: Connection, entry: Entry, *, at: datetime | None = None) -> dict[str, Any]:
        """Write a record within a transaction of `change`."""
        last = connection.execute(select(RECORDS.c.seq, RECORDS.c.hash).order_by(RECORDS.c.seq.desc()).limit(1)).first()
        if entry.once and last is not None and _is_there(connection, entry):
            return self._headed(connection, last.seq, last.hash)
        seq, previous = (last.seq + 1, last.hash) if last is not None else (1, NOTHING)
        record = make(entry, seq=seq, previous=previous, at=at or datetime.now(UTC))
        connection.execute(insert(RECORDS), record.json())
        return self._headed(connection, record.seq, record.hash)

    def change(self, work: Callable[[Connection], T]) -> T:
        """Do something in one transaction, alone with the journal."""
        return self._writing(work)

    def reading(self, work: Callable[[Connection], T]) -> T:
        """Look something up. Only a journal that is made at this moment is locked for who reads."""

        def read() -> T:
            with self._engine.connect() as connection:
                return work(connection)

        with self._told():
            return self._waited(read)

    def claims(self) -> list[Mapping[str, Any]]:
        """Give the bodies of the records that say what was pruned; what says nothing of the kind proves nothing."""
        proofs = (tables.NUMBERED, RECORDS.c.kind == PRUNED, RECORDS.c.body.is_not(None))
        wanted = select(RECORDS.c.at, RECORDS.c.body).where(*proofs).order_by(RECORDS.c.seq)
        rows = self.reading(lambda connection: list(connection.execute(wanted)))
        return [{**values, "at": row.at} for row in rows if (values := said(row.body)) is not None]

    def stream(self, *, since: int | None = None, until: int | None = None) -> Iterator[Record]:
        """Give the records from one number to another, or all there are, in order, as they were at one moment."""
        wanted = select(RECORDS).order_by(RECORDS.c.seq)
        if since is not None:
            wanted = wanted.where(RECORDS.c.seq >= since)
        if until is not None:
            wanted = wanted.where(RECORDS.c.seq <= until)
        with self._told(), self._engine.connect() as connection:
            for batch in connection.execution_options(yield_per=BATCH).execute(wanted).partitions():
                for row in batch:
                    yield Record(*row)

    def heads(self) -> list[str]:
        """Give the signed heads that are kept here, as lines."""
        return self.reading(lambda connection: list(connection.scalars(select(HEADS.c.line).order_by(HEADS.c.seq))))

    def _headed(self, connection: Connection, seq: int, hash_: str) -> dict[str, Any]:
        """Sign the newest record. A head that disagrees with the records stays: it proves that they were altered."""
        if self.signer is None:
            return {"store": self.id, "seq": seq, "hash": hash_}
        signed = self.signer.sign(store=self.id, seq=seq, hash_=hash_)
        agrees = exists().where(RECORDS.c.seq == HEADS.c.seq, RECORDS.c.hash == HEADS.c.hash)
        connection.execute(delete(HEADS).where(HEADS.c.signer == signed["signer"], agrees))
        row = {"signer": signed["signer"], "seq": seq, "hash": hash_, "line": head.line(signed)}
        if not connection.scalar(select(HEADS.c.seq).where(HEADS.c.signer == signed["signer"], HEADS.c.seq == seq)):
            connection.execute(insert(HEADS), row)
        return signed

    def _placed(self, *, writes: bool) -> None:
        path = Path(self.place)
        try:
            if writes:
                make_place(path)
            elif not is_there(path):
                raise BadInput(
                    f"there is no journal at {path}", next_step="cd to the folder that has it, or set HANDRAIL_STORE"
                )
            self._file = path.stat().st_ino
        except OSError as error:
            why = "; no change is made without a record" if writes else ""
            raise Refused(
                f"the journal {path} cannot be opened: {error.strerror}{why}",
                next_step=f"ls -ld {path.parent} {path}; df -h {path.parent}",
            ) from None

    def _writing(self, work: Callable[[Connection], T]) -> T:
        def write() -> T:
            with self._engine.connect().execution_options(**WRITES) as connection, connection.begin():
                return work(connection)

        with self._told():
            self._still_there()
            return self._waited(write)

    def _still_there(self) -> None:
        """Refuse to write into a file that was moved away: nobody would find the record."""
        place = Path(self.place)
        if self._file and not (place.exists() and place.stat().st_ino == self._file):
            raise Refused(f"the journal {self.place} was moved or removed", next_step=f"ls -l {self.place}*")

    def _waited(self, work: Callable[[], T]) -> T:
        """Do it; where others have the lock, try until the deadline, at odd moments, so that they do not meet again."""
        try:
            return work()
        except SQLAlchemyError as error:
            if not trouble.is_busy(error):
                raise
        import tenacity  # noqa: PLC0415  # 0.1 s that only a locked journal costs

        again: T = tenacity.Retrying(
            retry=tenacity.retry_if_exception(trouble.is_busy),
            stop=tenacity.stop_after_delay(BUSY_SECONDS),
            wait=tenacity.wait_random(0.001, 0.02),
            reraise=True,
        )(work)
        return again

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise trouble.refused(error, self.url) from None


def _is_there(connection: Connection, entry: Entry) -> bool:
    """Whether the run has its record: a run that was taken for lost, and has ended after all, gets another one."""
    mine = (RECORDS.c.run == column(entry.body["run"]), RECORDS.c.kind == entry.kind)
    same = select(RECORDS.c.body).where(tables.NUMBERED, *mine).order_by(RECORDS.c.seq.desc())
    there = connection.execute(same.limit(1)).first()
    return there is not None and (entry.lost or not is_lost(there.body))
