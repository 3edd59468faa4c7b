"""Pieces of a journal: runs of records that follow each other. A journal that nobody touched is one piece.

A record's hash covers its number: a record that was given another number still tells which one it had. From where the
pieces lie, and where they belong, follows what was done to the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from handrail.journal.finding import Finding, Manipulation

# More pieces than this are not looked at one by one: the journal is in shreds.
PIECES = 2000


@dataclass
class Piece:
    """Records in a row: `seq` is where the first one lies, `true` the number that it was written with, None if unknown.

    `copy` says that the same record stands elsewhere, too; `follows` that its first record names the one that lies
    before it as its predecessor.
    """

    seq: int
    true: int | None
    count: int = 1
    copy: bool = False
    follows: bool = True

    @property
    def start(self) -> int:
        """The true number, of a piece that has one."""
        return self.true if self.true is not None else self.seq

    @property
    def end(self) -> int:
        """The true number of the last record."""
        return self.start + self.count - 1

    def at(self, true: int) -> int:
        """Where a record of this piece lies."""
        return self.seq + true - self.start


@dataclass
class Puzzle:
    """All pieces in the order in which they lie."""

    pieces: list[Piece]
    first: int
    findings: list[Finding] = field(default_factory=list)

    def solve(self) -> list[Finding]:
        """Name what was done."""
        if len(self.pieces) == 1 and self.pieces[0].true == self.first:
            return []
        self.pieces = self.pieces[:PIECES]
        self._strangers()
        self._overlaps()
        self._order()
        self._gaps()
        return self.findings

    def _add(self, what: Manipulation, first: int, last: int, text: str) -> None:
        self.findings.append(Finding(what, first, last, text))

    def _known(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.true is not None and not piece.copy]

    def _strangers(self) -> None:
        """Records that were never written with these words: edited where one is missing, else inserted."""
        index = 0
        while index < len(self.pieces):
            after = index
            while after < len(self.pieces) and self.pieces[after].true is None:
                after += 1
            if after > index:
                self._judge(index, after)
            index = after + 1
        for piece in self.pieces:
            if piece.copy:
                text = (
                    f"a copy of record {piece.start}"
                    if piece.count == 1
                    else f"a copy of records from {piece.start} on"
                )
                self._add(Manipulation.INSERTED, piece.seq, piece.seq + piece.count - 1, text)

    def _judge(self, index: int, after: int) -> None:
        """Judge the strangers between two pieces."""
        rows = self.pieces[index:after]
        before = self.pieces[index - 1].end if index else self.first - 1
        following = self.pieces[after] if after < len(self.pieces) else None
        room = following.start - before - 1 if following is not None else len(rows)
        for number, piece in enumerate(rows, start=1):
            if room < len(rows) and following is not None and not (piece.follows and following.follows):
                self._add(Manipulation.INSERTED, piece.seq, piece.seq, "no record was written here")
            else:
                self._add(Manipulation.EDITED, piece.seq, piece.seq, "its hash does not fit what it says")
                piece.true = before + number

    def _overlaps(self) -> None:
        """A piece that goes on where another has gone on already: what lies between was put there."""
        known = self._known()
        for index, piece in enumerate(known):
            for later in known[index + 1 :]:
                if piece.start <= later.start <= piece.end:
                    text = "it lies between two records that follow each other"
                    self._add(Manipulation.INSERTED, piece.at(later.start), piece.at(piece.end), text)
                    piece.count = later.start - piece.start
        self.pieces = [piece for piece in self.pieces if piece.count > 0]

    def _order(self) -> None:
        known = self._known()
        highest = 0
        lowest = [0] * len(known)
        for index in range(len(known) - 1, -1, -1):
            lowest[index] = min(known[index].start, lowest[index + 1] if index + 1 < len(known) else known[index].start)
        for index, piece in enumerate(known):
            later = lowest[index + 1] if index + 1 < len(known) else piece.start
            if piece.seq != piece.start and (highest > piece.start or later < piece.start):
                text = (
                    f"it was written as record {piece.start}"
                    if piece.count == 1
                    else f"written as {piece.start} and on"
                )
                self._add(Manipulation.REORDERED, piece.seq, piece.seq + piece.count - 1, text)
            highest = max(highest, piece.start)

    def _gaps(self) -> None:
        known = sorted(self._known(), key=lambda piece: piece.start)
        expected = self.first
        for piece in known:
            if piece.start > expected:
                self._add(Manipulation.REMOVED, expected, piece.start - 1, "no such record is there")
            expected = max(expected, piece.end + 1)
