"""What prunings claim, compared with what is gone: a body that is missing without such proof was removed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handrail.journal.finding import Finding, Manipulation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handrail.journal.record import Record

# The kind of the records that say what was pruned.
PRUNED = "pruned"
TEXT = "its body is gone, and no pruning says so"
EMPTY = "it does not say what was pruned"


@dataclass
class Claim:
    """One pruning: the records of a class from one number to another, how many they are, and a hash over theirs."""

    retention: str
    first: int
    last: int
    count: int
    digest: str
    found: int = 0
    begins: int = 0
    hashes: Any = field(default_factory=hashlib.sha256)

    @property
    def proven(self) -> bool:
        """Whether the records that are there are those that were pruned."""
        return self.found == self.count and f"sha256:{self.hashes.hexdigest()}" == self.digest


class Claims:
    """All prunings of a journal."""

    def __init__(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        self._claims: dict[str, list[Claim]] = {}
        self.pruned = 0
        self._gone: list[Finding] = []
        self._impossible: list[Finding] = []
        for body in bodies:
            claim = Claim(body["class"], body["from_seq"], body["up_to_seq"], body["count"], body["digest"])
            if claim.first < 1:
                text = "a pruning claims records that a journal does not have"
                self._impossible.append(Finding(Manipulation.UNPROVEN, claim.first, claim.last, text))
                continue
            self._claims.setdefault(claim.retention, []).append(claim)

    def record(self, record: Record) -> None:
        """Take a record into the pruning that names it; one without a body must be in one."""
        claim = None
        for each in self._claims.get(record.retention, ()):
            if each.first <= record.seq <= each.last and record.kind != PRUNED:
                claim = each
                claim.found += 1
                claim.hashes.update(str(record.hash).encode("utf-8", "replace"))
        if record.kind == PRUNED and record.body is not None and said(record.body) is None:
            self._gone.append(Finding(Manipulation.UNPROVEN, record.seq, record.seq, EMPTY))
        if record.body is None:
            self.pruned += 1
            if claim is None:
                self._gone.append(Finding(Manipulation.UNPROVEN, record.seq, record.seq, TEXT))

    def findings(self, *, first: int) -> list[Finding]:
        """Tell what is gone without proof. A pruning that began before the first record here cannot be compared."""
        bad = [
            Finding(Manipulation.UNPROVEN, each.first, each.last, "the proof of the pruning fits other records")
            for claims in self._claims.values()
            for each in claims
            if each.first >= first and not each.proven
        ]
        return [*self._gone, *self._impossible, *bad]


def said(body: Any) -> dict[str, Any] | None:
    """Read what a record says that was pruned; None for one that says nothing of the kind."""
    try:
        values = json.loads(body)
    except (ValueError, TypeError, RecursionError):
        return None
    return values if is_claim(values) else None


def is_claim(values: Any) -> bool:
    """Whether it says which records were pruned."""
    if not isinstance(values, dict):
        return False
    numbers = all(type(values.get(name)) is int for name in ("from_seq", "up_to_seq", "count"))
    return numbers and all(isinstance(values.get(name), str) for name in ("class", "digest"))
