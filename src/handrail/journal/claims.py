"""What prunings claim, compared with what is gone: a body that is missing without such proof was removed.

A proof is one of age, too: what is gone was older than its class demands when the pruning was recorded.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from handrail.journal.finding import Finding, Manipulation
from handrail.journal.record import Retention, clean, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handrail.journal.record import Record

# The kind of the records that say what was pruned.
PRUNED = "pruned"
TEXT = "its body is gone, and no pruning says so"
EMPTY = "it does not say what was pruned"
OTHERS = "the proof of the pruning fits other records"
YOUNG = "the pruning took records that were not old enough"
# One year for access, three for data access and changes, with their leap days.
DAYS = {Retention.ACCESS: 366, Retention.DATA: 1096, Retention.CHANGE: 1096}
# So far the clocks of several writers may be from each other; retention counts days.
SLACK = timedelta(days=1)


@dataclass
class Claim:
    """One pruning: the records of a class from one number to another, how many they are, and a hash over theirs."""

    retention: str
    first: int
    last: int
    count: int
    digest: str
    before: str
    # When it was recorded.
    at: str
    found: int = 0
    young: bool = False
    hashes: Any = field(default_factory=hashlib.sha256)

    @property
    def proven(self) -> bool:
        """Whether the records that are there are those that were pruned."""
        return self.found == self.count and f"sha256:{self.hashes.hexdigest()}" == self.digest

    @property
    def old(self) -> bool:
        """Whether all that it took was as old as its class demands when it was recorded."""
        try:
            latest = written(datetime.fromisoformat(self.at) - timedelta(days=DAYS[Retention(self.retention)]))
        except (ValueError, OverflowError):
            return False
        return not self.young and self.before <= latest

    def take(self, record: Record) -> None:
        """Take a record that it names."""
        self.found += 1
        self.young = self.young or str(record.at) >= self.before
        self.hashes.update(str(record.hash).encode("utf-8", "replace"))


class Claims:
    """All prunings of a journal."""

    def __init__(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        self._claims: dict[str, list[Claim]] = {}
        self.pruned = 0
        self._gone: list[Finding] = []
        self._impossible: list[Finding] = []
        # The newest pruning, and a time before which nothing can be that was written behind it.
        self._newest, self._since = 0, ""
        for body in bodies:
            numbers = (body["from_seq"], body["up_to_seq"], body["count"])
            claim = Claim(body["class"], *numbers, body["digest"], body["before"], str(body.get("at", "")))
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
                claim.take(record)
        if str(record.at) < self._since:
            self._ahead(record)
        if record.kind == PRUNED and record.body is not None:
            self._pruning(record)
        if record.body is None:
            self.pruned += 1
            if claim is None:
                self._gone.append(Finding(Manipulation.UNPROVEN, record.seq, record.seq, TEXT))

    def _pruning(self, record: Record) -> None:
        if said(record.body) is None:
            self._gone.append(Finding(Manipulation.UNPROVEN, record.seq, record.seq, EMPTY))
        with suppress(ValueError, TypeError, OverflowError):
            self._newest, self._since = record.seq, written(datetime.fromisoformat(record.at) - SLACK)

    def _ahead(self, record: Record) -> None:
        """Tell, once, that what was written behind a pruning is of a time before it."""
        text = f"the clock was ahead when it was written: record {record.seq} behind it is of {clean(record.at)}"
        self._gone.append(Finding(Manipulation.UNPROVEN, self._newest, self._newest, text))
        self._since = ""

    def findings(self, *, first: int) -> list[Finding]:
        """Tell what is gone without proof. A pruning that began before the first record here cannot be compared."""
        every = [each for claims in self._claims.values() for each in claims]
        bad = [
            *(Finding(Manipulation.UNPROVEN, each.first, each.last, OTHERS)
              for each in every if each.first >= first and not each.proven),
            *(Finding(Manipulation.UNPROVEN, each.first, each.last, YOUNG) for each in every if not each.old),
        ]  # fmt: skip
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
    return numbers and all(isinstance(values.get(name), str) for name in ("class", "digest", "before"))
