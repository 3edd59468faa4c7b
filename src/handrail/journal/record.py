"""Records: what one entry of the journal holds, and the hashes that chain it to the one before."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from handrail.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

# The record of a run over a thousand hosts has 1 MB; a larger one than this is a mistake, or malice.
BODY_BYTES = 8_000_000
# Columns are looked for and listed; what is longer stands whole in the body.
COLUMN_LETTERS = 200
# The hash that the first record has before it.
NOTHING = "sha256:" + "0" * 64
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Retention(StrEnum):
    """The class of a record: how long its body is kept."""

    ACCESS = "access"
    DATA = "data"
    CHANGE = "change"


@dataclass(frozen=True)
class Entry:
    """What is to be recorded; number, time and hashes come from the store."""

    kind: str
    body: Mapping[str, Any]
    retention: Retention = Retention.CHANGE
    # A run is recorded once, however often it is tried; but an end that was seen goes behind one that was guessed.
    once: bool = False

    @property
    def lost(self) -> bool:
        """Whether it is a run whose end nobody saw."""
        return self.body.get("lost") is True


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the journal. `hash` covers all columns but the body, and `previous`, the hash of the record before."""

    seq: int
    at: str
    retention: str
    kind: str
    system: str
    environment: str
    verb: str
    run: str
    change: str
    outcome: str
    seconds: float
    body: str | None
    body_hash: str
    previous: str
    hash: str

    def computed(self, seq: int | None = None) -> str:
        """Compute the hash anew; as if the record had another number, if one is given."""
        number = self.seq if seq is None else seq
        return hashed((
            number, self.at, self.retention, self.kind, self.system, self.environment, self.verb, self.run,
            self.change, self.outcome, self.seconds, self.body_hash, self.previous,
        ))  # fmt: skip

    @property
    def content(self) -> dict[str, Any]:
        """The body as values; empty once it is pruned."""
        read: dict[str, Any] = json.loads(self.body) if self.body is not None else {}
        return read

    def json(self) -> dict[str, Any]:
        """Give the record for machines, the body as the text that was hashed."""
        return {"class" if name == "retention" else name: getattr(self, name) for name in COLUMNS}


# Columns that are taken from the body.
OF_THE_BODY = ("system", "environment", "verb", "run", "change", "outcome")
COLUMNS = tuple(field.name for field in fields(Record))


def hashed(columns: tuple[Any, ...]) -> str:
    """Hash the columns of a record, in their order."""
    return f"sha256:{hashlib.sha256(_ENCODER.encode(columns).encode()).hexdigest()}"


def body_hashed(body: str) -> str:
    """Hash a body."""
    return f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"


def written(at: datetime) -> str:
    """Write a time as the journal does: UTC to the millisecond, so that text sorts as times do."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def make(entry: Entry, *, seq: int, previous: str, at: datetime) -> Record:
    """Make the record that follows another one. Raises Refused for a body that is too large."""
    body = body_text(entry.body)
    record = Record(
        seq=seq, at=written(at), retention=str(entry.retention), kind=entry.kind,
        **{name: column(entry.body.get(name)) for name in OF_THE_BODY},
        seconds=_seconds(entry.body.get("seconds")), body=body, body_hash=body_hashed(body), previous=previous, hash="",
    )  # fmt: skip
    return Record(**{name: getattr(record, name) for name in COLUMNS if name != "hash"}, hash=record.computed())


def body_text(body: Mapping[str, Any]) -> str:
    """Write a body as canonical JSON, whatever text programs have printed into it."""
    try:
        text = _ENCODER.encode(body)
        size = len(text.encode())
    except ValueError:  # half a letter of two, or a number that JSON does not have
        text = _ENCODER.encode(clean(body))
        size = len(text.encode())
    if size > BODY_BYTES:
        raise Refused(
            f"a record of {size} bytes; allowed: {BODY_BYTES}", next_step="shorten what the commands of the run print"
        )
    return text


def clean(value: Any) -> Any:
    """Replace what UTF-8 and JSON cannot hold."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case float():
            return value if math.isfinite(value) else str(value)
        case dict():
            return {clean(str(key)): clean(each) for key, each in value.items()}
        case list() | tuple():
            return [clean(each) for each in value]
        case _:
            return value


def is_lost(body: str | None) -> bool:
    """Whether the body of a record is that of a run whose end nobody saw."""
    try:
        read = json.loads(body or "null")
    except (ValueError, RecursionError):
        return False
    return isinstance(read, dict) and read.get("lost") is True


def column(value: Any) -> str:
    """Make a column of a value of the body: short, and without NUL, which PostgreSQL cannot hold."""
    text: str = clean(str(value if value is not None else ""))
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:COLUMN_LETTERS]


def _seconds(value: Any) -> float:
    try:
        number = float(value or 0)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    # Adding 0.0 makes a plain zero of a negative one, which databases do not tell apart.
    return round(number, 3) + 0.0 if math.isfinite(number) else 0.0
