"""Verify a journal from its first record to its last, in one pass that keeps next to nothing in memory."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from handrail.journal.claims import Claims
from handrail.journal.finding import Finding, Manipulation, joined
from handrail.journal.head_check import HeadCheck, Trust, bare
from handrail.journal.piece import Piece, Puzzle
from handrail.journal.record import Record, body_hashed, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

# How far from its place a record is looked for; further ones are found if all records between are good.
NEAR = 64
# So many strangers are tried against each other's places; more are only told.
STRANGERS = 200
# So many hashes are remembered, to tell a copy from a record that others were put before.
REMEMBERED = 1000
# After so many findings nobody reads on.
FINDINGS = 5000
TICK = 1000
# So many runs without an end are named.
NOTES = 200
# So often a journal is looked at that is written to meanwhile.
TRIES = 3


class Source(Protocol):
    """Where records come from: the store, or an export."""

    @property
    def id(self) -> str:
        """The id of the journal."""
        ...

    @property
    def begins(self) -> tuple[int, str]:
        """The number and the previous hash that the first record must have."""
        ...

    def stream(self) -> Iterator[Record]:
        """Give the records in order."""
        ...

    def heads(self) -> list[str]:
        """Give the signed heads that are kept with them."""
        ...

    def claims(self) -> list[Mapping[str, Any]]:
        """Give what prunings claim."""
        ...


@runtime_checkable
class Sealed(Protocol):
    """A source whose beginning and end are signed, too."""

    def findings(self, last: int, keys: Sequence[str]) -> list[Finding]:
        """Tell what is wrong with its beginning and its end, once it was streamed; `last` is its last record."""
        ...


@dataclass(frozen=True)
class Report:
    """What verifying found. `notes` are no manipulations: they say what else somebody should know."""

    records: int
    last: int
    pruned: int
    heads: int
    signers: tuple[str, ...]
    findings: tuple[Finding, ...]
    store: str = ""
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nobody has touched it."""
        return not self.findings


@dataclass
class Runs:
    """Runs that began, until they end."""

    _open: dict[str, None] = field(default_factory=dict)

    def record(self, record: Record) -> None:
        """Take a record of a run."""
        if record.kind == "begun":
            self._open[record.run] = None
        elif record.kind in {"run", "refused"}:
            self._open.pop(record.run, None)

    def notes(self) -> list[str]:
        """Name those that never ended here: they go on, or were lost with what was known of them."""
        return [f"run {clean(str(run))} began and never ended here" for run in list(self._open)[:NOTES]]


@dataclass
class Walk:
    """One pass over the records."""

    first: int
    previous: str
    pieces: list[Piece] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    strangers: list[tuple[Piece, Record]] = field(default_factory=list)
    last: Record | None = None
    _true: int | None = None
    _recent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def early(self, record: Record) -> bool:
        """Whether a record stands before the first one: nobody has written it there."""
        if record.seq >= self.first:
            return False
        self._found(Manipulation.INSERTED, record.seq, f"it stands before the first record, {self.first}")
        return True

    def step(self, record: Record) -> int | None:
        """Take the next record, and give the number that it was written with, if that can be told."""
        last, expected = self.last, (self._true or self.first - 1) + 1
        follows = record.previous == (last.hash if last is not None else self.previous)
        true = record.seq if _hash(record) == record.hash else self._search(record, expected)
        if record.body is not None and not _fits(record.body, record.body_hash):
            self._edited(record.seq, "its body does not have the hash that was written")
        if last is not None and record.seq <= last.seq:
            self._found(Manipulation.REORDERED, record.seq, f"it lies behind record {last.seq}")
        in_row = last is None or record.seq == last.seq + 1
        if true is not None and true == expected and in_row and self._true_or_start():
            self._extend(record, true, follows=follows)
        else:
            self._begin(record, true, follows=follows)
        self.last, self._true = record, true if true is not None else expected
        if true is not None:
            self._recent.append((true, record.hash))
        return true

    def solved(self) -> list[Finding]:
        """Name what was done to the order of the records."""
        free = {record.seq for _, record in self.strangers}
        for piece, record in self.strangers[:STRANGERS]:
            piece.true = next((seq for seq in free if _hash(record, seq) == record.hash), None)
        return [*self.findings, *Puzzle(self.pieces, self.first).solve()]

    def _true_or_start(self) -> bool:
        return not self.pieces or self.pieces[-1].true is not None

    def _extend(self, record: Record, true: int, *, follows: bool) -> None:
        if not self.pieces:
            self._begin(record, true, follows=follows)
            return
        self.pieces[-1].count += 1
        if not follows and self.last is not None:
            self._edited(self.last.seq, f"record {record.seq} was written after another one; its hash was made anew")

    def _begin(self, record: Record, true: int | None, *, follows: bool) -> None:
        piece = Piece(record.seq, true, follows=follows)
        self.pieces.append(piece)
        if true is None:
            self.strangers.append((piece, record))
        elif self._true is not None and true <= self._true:
            known = dict(self._recent).get(true)
            piece.copy = known == record.hash if known is not None else self._far(true)
        if not follows and not len(self.pieces) > 1 and true == self.first:
            self._edited(record.seq, "it was written after another record")

    def _far(self, true: int) -> bool:
        """Whether a record that lies far behind its place is a copy: if its place is taken."""
        return any(piece.true is not None and piece.start <= true <= piece.end for piece in self.pieces[:-1])

    def _search(self, record: Record, expected: int) -> int | None:
        """Find the number that a record was written with."""
        if len(self.strangers) > STRANGERS or _hash(record) is None:
            return None
        near = [expected, *(record.seq + way * step for step in range(1, NEAR + 1) for way in (1, -1))]
        return next((number for number in near if number > 0 and _hash(record, number) == record.hash), None)

    def _edited(self, seq: int, text: str) -> None:
        self._found(Manipulation.EDITED, seq, text)

    def _found(self, what: Manipulation, seq: int, text: str) -> None:
        if len(self.findings) < FINDINGS:
            self.findings.append(Finding(what, seq, seq, text))


def verify(
    source: Source, heads: Iterable[str] = (), *, keys: Sequence[str] = (), known: Sequence[str] = (),
    tick: Callable[[int], None] | None = None,
) -> Report:  # fmt: skip
    """Verify a journal against itself, its signed heads, and heads that were kept elsewhere.

    `keys` are the public keys whose heads count; without any, every signature that fits does. `known` are the ids of
    other journals, whose heads may lie beside those of this one. `tick` hears now and then how many records are done. A
    journal that somebody wrote to meanwhile is looked at again before it is told that something is wrong: its heads and
    its records are not of one moment.
    """
    trust = Trust(frozenset(map(bare, keys)), frozenset(known))
    elsewhere = list(heads)
    for _ in range(TRIES):
        kept = source.heads()
        report = _once(source, HeadCheck(source, kept, elsewhere, trust), keys, tick)
        if report.ok or source.heads() == kept:
            break
    return report


def _once(source: Source, check: HeadCheck, keys: Sequence[str], tick: Callable[[int], None] | None) -> Report:
    walk, claims = Walk(*source.begins), Claims(source.claims())
    count, runs = 0, Runs()
    for count, record in enumerate(source.stream(), start=1):  # the last one is the sum
        if walk.early(record):
            continue
        true = walk.step(record)
        runs.record(record)
        check.record(true if true is not None else record.seq, record.hash)
        claims.record(record)
        if tick is not None and count % TICK == 0:
            tick(count)
    named = walk.solved()
    last = max((piece.end for piece in walk.pieces if piece.true is not None), default=walk.first - 1)
    wrong = [*named, *claims.findings(first=walk.first), *check.findings(last, named)]
    wrong += source.findings(last, keys) if isinstance(source, Sealed) else []
    return Report(
        count, last, claims.pruned, check.count, check.signers, tuple(joined(wrong)[:FINDINGS]), source.id,
        (*check.notes, *runs.notes()),
    )  # fmt: skip


def _hash(record: Record, seq: int | None = None) -> str | None:
    """Compute a record's hash; None where it holds what no record can, so that nobody has written it."""
    try:
        return record.computed(seq)
    except (ValueError, TypeError):
        return None


def _fits(body: Any, hash_: str) -> bool:
    try:
        return body_hashed(body) == hash_
    except (ValueError, AttributeError):
        return False
