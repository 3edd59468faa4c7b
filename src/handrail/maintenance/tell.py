"""Tell others of a window: its announcement, its begin, what went wrong, its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.control.inventory import read
from handrail.errors import HandrailError
from handrail.model import moment
from handrail.notify.announce import announce

if TYPE_CHECKING:
    from handrail.maintenance.book import Booking
    from handrail.model.happening import Happening


def tell(booking: Booking, event: Happening, text: str, *, step: str = "", again: str = "") -> None:
    """Tell it, once: asked again after a crash, from whichever worker, it is the same message. Never raises.

    `again` tells several messages of one event apart.
    """
    sys.stderr.write(f"{event} {booking.id}: {text}\n")
    sys.stderr.flush()
    facts = {"window": booking.id, "begins": moment.written(booking.begins), "ends": moment.written(booking.ends)}
    try:
        loaded = read(Path(booking.row["inventory"])).load(only=booking.row["system"])
        told = announce(loaded, event, {**facts, "text": text, "step": step}, key=f"{booking.id} {again}".strip())
    except HandrailError as error:
        sys.stderr.write(f"nobody was told: {error.message}\n")
        return
    for each in told:
        sys.stderr.write(f"  {each}\n")
