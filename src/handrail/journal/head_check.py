"""Compare signed heads with the records that they name: a chain that was computed anew does not fit them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from handrail.journal import head
from handrail.journal.finding import Finding, Manipulation
from handrail.journal.record import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

# So many journals whose heads do not belong here are named.
NOTES = 50


class Journal(Protocol):
    """What heads are compared with."""

    @property
    def id(self) -> str:
        """The id of the journal."""
        ...

    @property
    def begins(self) -> tuple[int, str]:
        """The number of the first record, and the hash before it."""
        ...


@dataclass(frozen=True)
class Trust:
    """The keys whose heads count, any if there are none; other journals whose heads may lie beside this one's."""

    keys: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()

    def counts(self, signer: str) -> bool:
        """Whether the heads of a signer count."""
        return not self.keys or bare(signer) in self.keys


class HeadCheck:
    """The heads of one journal, those that are kept in it and those that were kept elsewhere."""

    def __init__(self, journal: Journal, kept: Sequence[str], elsewhere: Sequence[str], trust: Trust) -> None:
        self._id, self._trust = journal.id, trust
        self._first = journal.begins[0]
        self._bad: list[Finding] = []
        self._heads: dict[int, list[dict[str, Any]]] = {}
        self._agreed = 0
        self._foreign: list[dict[str, Any]] = []
        self._collect(kept)
        mine = {bare(one["signer"]) for each in self._heads.values() for one in each}
        # Of what was kept elsewhere: how much there is, and which records are to be as it says.
        self._given = len(elsewhere)
        self._agreeing = {(one["seq"], one["hash"]) for one in self._collect(elsewhere)}
        self._met = False
        self.notes = tuple(self._others(mine | trust.keys))
        heads = [one for each in self._heads.values() for one in each]
        self.signers, self.count = tuple(sorted({one["signer"] for one in heads})), len(heads)

    def record(self, seq: int, hash_: str) -> None:
        """Compare a record with the heads that name it."""
        self._met = self._met or (seq, hash_) in self._agreeing
        for one in self._heads.get(seq, ()):
            if one["hash"] == hash_:
                self._agreed = seq
            else:
                self._bad.append(Finding(Manipulation.EDITED, self._agreed + 1, seq, _rewritten(one)))

    def findings(self, last: int, named: Sequence[Finding]) -> list[Finding]:
        """Tell which heads disagree, unless what they disagree with is named already; `last` is the newest record."""
        news = [bad for bad in self._bad if not any(_covers(one, bad) for one in named)]
        newest = max(self._heads, default=0)
        if newest > last:
            (signed, *_) = self._heads[newest]
            text = f"a head of {signed['at']} names record {newest}"
            news.append(Finding(Manipulation.TRUNCATED, last + 1, newest, text))
        if newest < last:
            text = f"the newest signed head names record {newest}" if newest else "there is no signed head"
            news.append(Finding(Manipulation.INSERTED if newest else Manipulation.UNSIGNED, newest + 1, last, text))
        if self._given and not self._met and not news and not self._older():
            text = f"{self._given} heads were given, and none of them agrees with a record here"
            news.append(Finding(Manipulation.REPLACED, self._first, max(self._first, last), text))
        return news

    def _older(self) -> bool:
        """Whether heads were given that an export cannot be compared with, for they name records before its first."""
        return any(seq < self._first for seq, _ in self._agreeing)

    def _collect(self, lines: Iterable[str]) -> list[dict[str, Any]]:
        """Take heads, and give those of this journal."""
        mine = []
        for one in self._read(lines):
            if one["store"] == self._id:
                self._heads.setdefault(one["seq"], []).append(one)
                mine.append(one)
            else:
                self._foreign.append(one)
        return mine

    def _others(self, signers: Collection[str]) -> Iterator[str]:
        """Tell of heads of other journals. One that our signers wrote may be the one that stood in this one's place."""
        newest, suspect = dict[str, int](), dict[str, int]()
        for one in self._foreign:
            name, seq = clean(str(one["store"])[:40]), one["seq"]
            newest[name] = max(seq, newest.get(name, 0))
            if one["store"] not in self._trust.known and bare(one["signer"]) in signers:
                suspect[name] = max(seq, suspect.get(name, 0))
        for name, seq in suspect.items():
            text = f"a key that signs for this journal has signed record {seq} of the journal {name}: this one was put "
            text += f"in its place, or that is another one of yours (--known-journal {name})"
            self._bad.append(Finding(Manipulation.REPLACED, 1, max(1, seq), text))
        for name, seq in sorted(newest.items())[:NOTES]:
            yield f"a head names record {seq} of the journal {name}, which is not this one: not compared"

    def _read(self, lines: Iterable[str]) -> Iterable[dict[str, Any]]:
        for line in lines:
            if not line.strip():
                continue
            try:
                one = head.read(line)
            except (ValueError, RecursionError) as error:
                self._bad.append(Finding(Manipulation.UNSIGNED, 0, 0, clean(f"{error}: {line[:60]}")))
                continue
            foreign = one["store"] != self._id and one["store"] in self._trust.known
            if not foreign and not self._trust.counts(one["signer"]):
                text = f"its head is signed by a key that is not among those that count: {one['signer'][:50]}"
                self._bad.append(Finding(Manipulation.UNSIGNED, one["seq"], one["seq"], text))
                continue
            yield one


def bare(key: str) -> str:
    """Take the comment off a public key."""
    return " ".join(key.split()[:2])


def _rewritten(one: dict[str, Any]) -> str:
    return f"another record {one['seq']} was signed at {one['at']}: the chain was computed anew"


def _covers(one: Finding, bad: Finding) -> bool:
    return one.first <= bad.last and bad.what is Manipulation.EDITED and one.first > 0
