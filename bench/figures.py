"""Numbers as they are written down."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def median(values: Iterable[float]) -> float:
    """Give the middle one, to the millisecond."""
    return round(statistics.median(values), 3)


def ratio(one: float, other: float) -> str:
    """Say how many times as much one is as the other."""
    return f"{one / other:.2f}"
