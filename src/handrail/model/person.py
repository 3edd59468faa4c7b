"""People who sign, and their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Person:
    """Somebody who may sign; without a role they may request, and no more."""

    name: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Key:
    """A public key, whose it is, and from when until before when it counts."""

    public: str
    person: Person
    starts: datetime | None = None
    ends: datetime | None = None

    def counts(self, at: datetime) -> bool:
        """Whether a document of that moment may be signed with it."""
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)
