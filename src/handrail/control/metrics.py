"""`fab metrics`: how often, how fast and how well systems are deployed, from the journal."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.control import metric_tables
from handrail.control.inventory import VARIABLE
from handrail.control.task import exits, opened
from handrail.errors import BadInput
from handrail.model.metrics import measure

if TYPE_CHECKING:
    from handrail.model.metrics import Metrics, Place

NEXT = "fab metrics --since 90d"
# A hundred years: more is a slip.
MOST_DAYS = 36_525
PICTURES = (".svg", ".png")


@exits
def show_metrics(inventory: str | None, *, since: str, plot: str, as_json: bool) -> int:
    """Show the metrics of an inventory's system, or of every system that the journal knows, and plot them."""
    from handrail.control.past import past  # noqa: PLC0415  # sqlalchemy: what is wrong with the options is told before

    until = datetime.now(UTC)
    begin = begin_of(since, now=until)
    picture = checked_picture(plot)
    place, folder = _place(inventory)
    known = past(begin, place=place, folder=folder)
    found = measure(known.runs, requested=known.requested, since=begin, until=until, begins=known.begins)
    if picture is not None and found:
        from handrail.control.metric_plot import draw  # noqa: PLC0415  # heavy, and an extra

        draw(the_one(found), picture)
    metric_tables.metrics(found, begin, until, unreadable=known.unreadable, as_json=as_json)
    if picture is not None and not as_json:
        metric_tables.plotted(picture if found else None)
    return 0


def begin_of(text: str, *, now: datetime, following: str = NEXT) -> datetime:
    """Read `--since`: a number of days before now, or a day, which begins at midnight UTC."""
    days = re.fullmatch(r"([0-9]{1,5})d", text)
    if days and 0 < int(days[1]) <= MOST_DAYS:
        return now - timedelta(days=int(days[1]))
    try:
        begin = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    except ValueError:
        begin = now
    if begin >= now:
        raise BadInput(
            f"--since {text}; allowed: days such as 90d, or a past day such as 2026-01-31", next_step=following
        )
    return begin


def checked_picture(path: str, *, following: str = NEXT) -> Path | None:
    """Read `--plot`: a file in a folder that is there, whose name says which format."""
    if not path:
        return None
    picture = Path(path)
    if picture.suffix.lower() not in PICTURES:
        raise BadInput(
            f"--plot {path}; allowed: a name that ends in {' or '.join(PICTURES)}",
            next_step=f"{following} --plot metrics.svg",
        )
    if not picture.parent.is_dir():
        raise BadInput(f"--plot {path}: there is no folder {picture.parent}", next_step=f"mkdir -p {picture.parent}")
    return picture


def the_one(found: tuple[Metrics, ...]) -> Metrics:
    """Give the metrics to plot: of one system in one environment, as a picture shows no more."""
    if len(found) > 1:
        named = ", ".join(f"{each.system} on {each.environment}" for each in found)
        raise BadInput(
            f"a plot shows one system in one environment, and there are {named}",
            next_step=f"{NEXT} --plot metrics.svg --inventory inventories/prod.py",
        )
    return found[0]


def _place(inventory: str | None) -> tuple[Place | None, Path | None]:
    """Name the system and environment of the inventory, and where its changes are; without one all systems count."""
    if not (inventory or os.environ.get(VARIABLE)):
        return None, None
    loaded = opened(inventory).load()
    environment = loaded.environment
    changes = environment.system.changes
    folder = loaded.base / changes.folder if changes else None
    return (environment.system.name, environment.name), folder
