"""The seat of a worker: an id that no other living worker has, so that no window is run by two of them."""

from __future__ import annotations

import fcntl
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from handrail.journal.engine import engine_of

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine

# So many workers may sit on one machine.
SEATS = 16
# "handrail" in PostgreSQL's two-part advisory locks; the second part is that of the seat.
FAMILY = 7521983
TRY = sa.text("SELECT pg_try_advisory_lock(:family, hashtext(:seat))")
LEAVE = sa.text("SELECT pg_advisory_unlock(:family, hashtext(:seat))")


@dataclass
class Seat:
    """A seat in SQLite's folder, of which there is one, or among those of a PostgreSQL."""

    url: URL
    id: str = ""
    _file: int = -1
    _engine: Engine | None = None
    _line: Connection | None = field(default=None, repr=False)

    def take(self) -> bool:
        """Take a seat, if one is free; in SQLite's folder there is one."""
        return self._in_folder() if self.url.get_backend_name() == "sqlite" else self._in_database()

    def still_mine(self) -> bool:
        """Tell whether the database still knows of this seat; a connection that was lost has lost it."""
        if self._line is None:
            return self._file >= 0
        try:
            self._line.execute(sa.text("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def is_free(self, other: str) -> bool:
        """Tell whether nobody sits on another seat: its worker is dead, or its machine is."""
        if self._line is None or other == self.id:
            return False
        asked: dict[str, Any] = {"family": FAMILY, "seat": other}
        free = bool(self._line.execute(TRY, asked).scalar())
        if free:
            self._line.execute(LEAVE, asked)
        return free

    def leave(self) -> None:
        """Give the seat back."""
        if self._file >= 0:
            os.close(self._file)
        if self._line is not None:
            self._line.close()
        if self._engine is not None:
            self._engine.dispose()

    def _in_folder(self) -> bool:
        if self._file < 0:
            place = Path(str(self.url.database)).with_suffix(".lock")
            place.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(place, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self.id = "worker"
        return True

    def _in_database(self) -> bool:
        self._engine = self._engine or engine_of(self.url, writes=True)
        # Locks belong to a connection, and no transaction stays open for as long as a worker lives.
        line = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        for number in range(1, SEATS + 1):
            seat = f"{socket.gethostname()}/{number}"
            if line.execute(TRY, {"family": FAMILY, "seat": seat}).scalar():
                self._line, self.id = line, seat
                return True
        line.close()
        return False
