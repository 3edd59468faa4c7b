"""Tell others of a window: its announcement, its begin, what went wrong, its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handrail.maintenance.book import Booking


def tell(booking: Booking, event: str, text: str) -> None:
    """Tell it."""
    sys.stderr.write(f"{event} {booking.id}: {text}\n")
    sys.stderr.flush()
