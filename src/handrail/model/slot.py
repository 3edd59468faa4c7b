"""The two places on a host where a release of a service can run."""

from __future__ import annotations

from enum import StrEnum


class Slot(StrEnum):
    """One of two; which of them is live is a fact of the edge, not of the slot."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> Slot:
        """The slot that is idle while this one is live."""
        return Slot.GREEN if self is Slot.BLUE else Slot.BLUE
