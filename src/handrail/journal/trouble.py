"""Trouble with the store: what databases raise, as refusals that say what is wrong and what to do; no passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import URL
    from sqlalchemy.exc import SQLAlchemyError

# https://www.sqlite.org/rescode.html: the lower eight bits are the primary code.
PRIMARY = 0xFF
BUSY, LOCKED = 5, 6
SQLITE = {
    3: ("no permission for the journal", "ls -l {where}"),
    8: ("the journal is read-only", "ls -ld {where}, and mount | grep ro"),
    10: ("the disk of the journal does not work, or is full", "df -h {where}"),
    11: ("the journal is damaged", "fab audit.verify; then put the newest backup of {where} back"),
    13: ("the disk of the journal is full", "df -h {where}"),
    14: ("the journal cannot be opened", "ls -ld {where}"),
    26: ("this is no journal: {where} is not a database", "mv {where} {where}.old"),
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html, the longest match counts.
POSTGRESQL = {
    "08": ("PostgreSQL does not answer", "pg_isready -d {where}"),
    "25006": ("the journal is read-only: this is a standby, or the database is", "set HANDRAIL_STORE to the primary"),
    "28": ("PostgreSQL does not let this user in", "set the user and the password in HANDRAIL_STORE or ~/.pgpass"),
    "3D000": ("PostgreSQL has no such database", "createdb"),
    "42501": ("no permission for the journal", "GRANT the user CREATE on the schema, or the tables of the journal"),
    "53100": ("the disk of PostgreSQL is full", "df -h on the database's host"),
    "55P03": ("the journal is locked by another process", "SELECT * FROM pg_stat_activity"),
    "57014": ("PostgreSQL took too long", "SELECT * FROM pg_stat_activity"),
    "57": ("PostgreSQL ended the connection", "pg_isready -d {where}"),
}
# A message is cut to so many.
LETTERS = 300
BUSY_SQLSTATES = frozenset({"55P03", "40001", "40P01"})


def shown(url: URL) -> str:
    """Name the store for people: no password, and nothing that stands behind a question mark."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql", password=None, query={}).render_as_string(hide_password=True)


def is_busy(error: BaseException) -> bool:
    """Whether another process has the lock, so that another try may do."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorcode", 0) & PRIMARY
    return code in {BUSY, LOCKED} or getattr(original, "sqlstate", None) in BUSY_SQLSTATES


def refused(error: SQLAlchemyError, url: URL) -> Refused:
    """Say what is wrong with the store."""
    where = shown(url)
    if is_busy(error):
        return Refused(
            f"the journal is locked by another process ({where}); nothing was recorded",
            next_step=_who_locks(url, where),
        )
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorcode", 0) & PRIMARY
    state = getattr(original, "sqlstate", None) or ("08" if url.get_backend_name() == "postgresql" else "")
    text, step = SQLITE.get(code) or _by_state(state) or ("the journal cannot be used", "fab audit.verify")
    said = "" if code in SQLITE else f": {without(str(original or error), url)}"
    return Refused(f"{text.format(where=where)} ({where}){said}", next_step=step.format(where=where))


def without(text: str, url: URL) -> str:
    """Take the password, and all else that a URL can hide, out of a message."""
    values = [each for value in url.query.values() for each in ([value] if isinstance(value, str) else value)]
    # The longest one first, so that no shorter one leaves a part of it.
    for secret in sorted([str(url.password or ""), *values], key=len, reverse=True):
        text = text.replace(secret, "********") if secret else text
    # Cut last: half a password would fit none.
    return " ".join(text.split())[:LETTERS]


def _by_state(state: str) -> tuple[str, str] | None:
    matches = [code for code in POSTGRESQL if state.startswith(code)]
    return POSTGRESQL[max(matches, key=len)] if matches else None


def _who_locks(url: URL, where: str) -> str:
    return f"fuser -v {where}" if url.get_backend_name() == "sqlite" else POSTGRESQL["55P03"][1]
