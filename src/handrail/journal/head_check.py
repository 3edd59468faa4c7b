"""Compare signed heads with the records that they name: a chain that was computed anew does not fit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.journal import head
from handrail.journal.finding import Finding, Manipulation
from handrail.journal.record import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# So many journals whose heads do not belong here are named.
NOTES = 50


class HeadCheck:
    """The heads of one journal, those that are kept in it and those that were kept elsewhere."""

    def __init__(self, store: str, kept: Iterable[str], elsewhere: Iterable[str], keys: Sequence[str]) -> None:
        self._keys = {bare(key) for key in keys}
        self._bad: list[Finding] = []
        self._heads: dict[int, list[dict[str, Any]]] = {}
        self._agreed = 0
        self._strange: list[int] = []
        signers = set()
        strange: dict[str, int] = {}
        for one in self._read([*kept, *elsewhere]):
            if one["store"] == store:
                self._heads.setdefault(one["seq"], []).append(one)
                signers.add(one["signer"])
            else:
                name = clean(str(one["store"])[:40])
                strange[name] = max(one["seq"], strange.get(name, 0))
        self.notes = tuple(
            f"a head names record {seq} of the journal {name}, which is not this one: not compared"
            for name, seq in sorted(strange.items())[:NOTES]
        )
        self.signers = tuple(sorted(signers))
        self.count = sum(map(len, self._heads.values()))

    def record(self, seq: int, hash_: str) -> None:
        """Compare a record with the heads that name it."""
        for one in self._heads.get(seq, ()):
            if one["hash"] == hash_:
                self._agreed = seq
            else:
                self._strange.append(seq)
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
        return news

    def _read(self, lines: Iterable[str]) -> Iterable[dict[str, Any]]:
        for line in lines:
            if not line.strip():
                continue
            try:
                one = head.read(line)
            except (ValueError, RecursionError) as error:
                self._bad.append(Finding(Manipulation.UNSIGNED, 0, 0, clean(f"{error}: {line[:60]}")))
                continue
            if self._keys and bare(one["signer"]) not in self._keys:
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
