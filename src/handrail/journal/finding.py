"""What is wrong with a journal, record by record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Manipulation(StrEnum):
    """What somebody did."""

    EDITED = "edited"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    UNPROVEN = "pruned without proof"
    UNSIGNED = "not signed"
    REPLACED = "written anew"


@dataclass(frozen=True)
class Finding:
    """One manipulation of the records `first` to `last`."""

    what: Manipulation
    first: int
    last: int
    text: str

    def __str__(self) -> str:
        records = f"record {self.first}" if self.first == self.last else f"records {self.first} to {self.last}"
        return f"{self.what}: {records}: {self.text}"

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return asdict(self)


def joined(findings: list[Finding]) -> list[Finding]:
    """Make one finding of neighbours that say the same, in the order of their records."""
    found: list[Finding] = []
    for each in sorted(set(findings), key=lambda one: (one.what, one.text, one.first, one.last)):
        before = found[-1] if found else None
        if before and (before.what, before.text) == (each.what, each.text) and each.first <= before.last + 1:
            found[-1] = Finding(each.what, before.first, max(before.last, each.last), each.text)
        else:
            found.append(each)
    return sorted(found, key=lambda one: (one.first, one.last, one.what))
