"""Exports: a part of the journal as one file, which anybody can verify with the public key alone; or as a table."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import func, select

from handrail.errors import BadInput, Refused
from handrail.journal import head
from handrail.journal.claims import is_claim
from handrail.journal.finding import Finding, Manipulation
from handrail.journal.head_check import bare
from handrail.journal.record import COLUMNS, NOTHING, Record, clean
from handrail.journal.tables import NUMBERED, RECORDS
from handrail.model.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.engine import Connection

    from handrail.journal.head import Signer
    from handrail.journal.store import Store


VERSION = 1
ASK = "ask for the file as it was made"
# A line of an export holds one record, whose body is text within text.
LINE_BYTES = 40_000_000
PLAIN = ("seq", "at", "class", "kind", "system", "environment", "verb", "run", "change", "outcome", "seconds")
# Of the body.
SHOWN = ("who", "what", "type", "reason", "text", "exit_code", "plan_digest")
# A spreadsheet takes a cell that begins so for a formula: https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NO_WORDS = ("seq", "seconds", "body")
C = RECORDS.c


@dataclass(frozen=True)
class Part:
    """The records of a time, as numbers; every record between them belongs to it."""

    first: int
    last: int
    previous: str
    hash: str

    @property
    def count(self) -> int:
        """How many records it has."""
        return self.last - self.first + 1


def part(store: Store, *, since: str, until: str) -> Part:
    """Find the records from one time to another. Raises BadInput when there are none."""

    def look(connection: Connection) -> Part | None:
        first = connection.scalar(select(func.min(C.seq)).where(NUMBERED, C.at >= since))
        last = connection.scalar(select(func.max(C.seq)).where(NUMBERED, C.at < until))
        if first is None or last is None or last < first:
            return None
        wanted = select(C.seq, C.hash).where(C.seq.in_([first - 1, last]))
        hashes = {row.seq: row.hash for row in connection.execute(wanted)}
        return Part(first, last, hashes.get(first - 1, NOTHING), hashes[last])

    found = store.reading(look)
    if found is None:
        raise BadInput(f"the journal has no record from {since} to {until}", next_step="fab audit.show newest")
    return found


@dataclass(frozen=True)
class Writer:
    """Writes a part of the journal; `tick` hears how many records are written."""

    store: Store
    which: Part
    tick: Callable[[int], None]

    def json(self, out: IO[str], signer: Signer, about: Mapping[str, Any]) -> None:
        """Write an export that can be verified: a signed header, then one record a line. It is one JSON document."""
        which, store = self.which, self.store
        header = {
            "handrail": "export", "version": VERSION, "store": store.id, **about, "first": which.first,
            "last": which.last, "previous": which.previous, "pruned": [dict(claim) for claim in store.claims()],
            "head": signer.sign(store=store.id, seq=which.last, hash_=which.hash),
        }  # fmt: skip
        out.write('{"export":' + canonical(signer.signed(header)) + ',\n"records":[')
        for count, record in enumerate(self._records()):
            out.write((",\n" if count else "\n") + _line(record))
        out.write("\n]}\n")

    def csv(self, out: IO[str]) -> None:
        """Write one line a record, for a spreadsheet: it cannot be verified, and no cell is a formula."""
        table = csv.writer(out)
        table.writerow([*PLAIN, *SHOWN, "hash"])
        for record in self._records():
            row, body = record.json(), _content(record)
            cells = [*(row[name] for name in PLAIN), *(body.get(name, "") for name in SHOWN), record.hash]
            table.writerow([_cell(cell) for cell in cells])

    def _records(self) -> Iterator[Record]:
        for count, record in enumerate(self.store.stream(since=self.which.first, until=self.which.last), start=1):
            yield record
            self.tick(count)


@dataclass
class Export:
    """An export that is read, to be verified."""

    path: Path
    header: dict[str, Any]
    _wrong: list[Finding] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The id of the journal that it is of."""
        return str(self.header["store"])

    @property
    def begins(self) -> tuple[int, str]:
        """What its first record must be."""
        return self.header["first"], str(self.header["previous"])

    def heads(self) -> list[str]:
        """The head of its last record."""
        return [head.line(self.header["head"])]

    def claims(self) -> list[Mapping[str, Any]]:
        """What was pruned by then; the header that says so is signed."""
        return list(self.header["pruned"])

    def stream(self) -> Iterator[Record]:
        """Give its records, one line after the other."""
        self._wrong.clear()
        last = self.header["first"] - 1
        with _opened(self.path) as lines:
            lines.readline()
            lines.readline()
            while (line := lines.readline(LINE_BYTES)) and not line.startswith("]"):
                record, row = _record(line, self.path)
                last = record.seq
                if not _as_written(line, row):
                    self._find(Manipulation.EDITED, last, "its line is not as an export writes it")
                yield record
            if not line:
                self._find(Manipulation.TRUNCATED, last + 1, "the file ends before its last line")
            elif line.rstrip("\n") != "]}" or lines.read(1):
                self._find(Manipulation.INSERTED, last + 1, "behind the last record stands what no export has")

    def findings(self, last: int, keys: Sequence[str]) -> list[Finding]:
        """Tell what is wrong with its first line and its end, once it was streamed."""
        found, end = list(self._wrong), self.header["last"]
        if keys and bare(self.header["signer"]) not in {bare(key) for key in keys}:
            text = f"the export is signed by a key that is not among those that count: {self.header['signer'][:50]}"
            found.append(Finding(Manipulation.UNSIGNED, self.header["first"], end, text))
        if end != last:
            what = Manipulation.TRUNCATED if end > last else Manipulation.INSERTED
            found.append(Finding(what, min(end, last) + 1, max(end, last), f"the first line ends at {end}"))
        return found

    def _find(self, what: Manipulation, seq: int, text: str) -> None:
        self._wrong.append(Finding(what, seq, seq, text))


def read(path: Path) -> Export:
    """Read the header of an export. Raises Refused when its signature does not fit it."""
    try:
        with _opened(path) as lines:
            line, second = lines.readline(LINE_BYTES), lines.readline(LINE_BYTES)
        header = json.loads(line.removesuffix(",\n") + "}")["export"]
        export = Export(path, header)
        _ = export.begins, export.id, export.heads()
        good = _is_header(header, line) and second == '"records":[\n'
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}", next_step="fab audit.export --since 2026-01-01") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        good = False
    if not good:
        raise BadInput(f"{path} is not as fab audit.export --format json writes it", next_step=ASK)
    if not head.verified(header):
        raise Refused(f"{path}: the signature of its first line does not fit", next_step=ASK)
    return export


def _opened(path: Path) -> IO[str]:
    """Open an export; bytes that are no UTF-8 make a record that nobody has written."""
    return path.open(encoding="utf-8", errors="surrogateescape", newline="\n")


def _is_header(header: Mapping[str, Any], line: str) -> bool:
    """Whether a first line holds what it must, and says nothing else than what is signed."""
    numbers = all(type(header[name]) is int and header[name] > 0 for name in ("first", "last"))
    text = isinstance(header["signer"], str) and isinstance(header["pruned"], list)
    return numbers and text and all(map(is_claim, header["pruned"])) and line == f'{{"export":{canonical(header)},\n'


def _line(record: Record) -> str:
    try:
        line = canonical(record.json())
        line.encode()
    except (ValueError, TypeError):
        raise _unfit(record) from None
    return line


def _content(record: Record) -> dict[str, Any]:
    try:
        return record.content
    except (ValueError, TypeError, RecursionError):
        raise _unfit(record) from None


def _unfit(record: Record) -> Refused:
    return Refused(f"record {record.seq} was altered: it is not as a record can be", next_step="fab audit.verify")


def _as_written(line: str, row: dict[str, Any]) -> bool:
    try:
        return line.rstrip("\n").removesuffix(",") == canonical(row) and len(row) == len(COLUMNS)
    except ValueError:
        return True  # its hash cannot fit either


def _record(line: str, path: Path) -> tuple[Record, dict[str, Any]]:
    try:
        row = json.loads(line.rstrip("\n").removesuffix(","))
        record = Record(*(row["class" if name == "retention" else name] for name in COLUMNS))
        words = all(isinstance(getattr(record, name), str) for name in COLUMNS if name not in NO_WORDS)
        if words and type(record.seq) is int and isinstance(record.body, str | None) and _is_number(record.seconds):
            return record, row
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise BadInput(f"{path}: a line is no record: {clean(line[:60].strip())}", next_step=ASK)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) and not isinstance(value, int | float) else text
