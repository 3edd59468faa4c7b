"""Capacity as a picture: CPU, p95, tasks, and what else has a limit, over the time; to be read without colours, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle
from typing import TYPE_CHECKING, Any

from handrail.control.metric_plot import BLUE, GREEN, GREY, ROOM, VERMILION, nothing, written
from handrail.control.metric_tables import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from handrail.model.capacity import Capacity
    from handrail.model.series import Series

# More than a line of print can show; of those that fall together the highest is drawn.
MOST_POINTS = 300
COLOURS, DASHES = (BLUE, VERMILION, GREEN, "#000000"), ("-", "--", "-.", ":")
# Neighbours differ by both, and a part looks the same in every panel.
LOOKS = [(colour, DASHES[(place + turn) % 4]) for turn in range(4) for place, colour in enumerate(COLOURS)]
# Names beside each other in a legend, and what each further row of them takes of a panel's height.
COLUMNS, ROW = 2, 0.1
MILLISECONDS = 1000


@dataclass(frozen=True)
class Line:
    """One line: its part, its name, its numbers and what they are multiplied by, and its limit in what is drawn."""

    part: str
    name: str
    series: Series
    factor: float
    limit: float


def draw(capacity: Capacity, picture: Path) -> None:
    """Write the picture; its format is what its name ends in."""
    written(picture, lambda figure: _fill(figure, capacity))


def _fill(figure: Any, capacity: Capacity) -> None:
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (capacity.since, capacity.until))
    span = f"{begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    figure.suptitle(f"{capacity.system} on {capacity.environment}, {span}", x=0.01, ha="left", fontweight="bold")
    panels = figure.subplots(2, 2).flat
    for panel, (title, lines) in zip(panels, _panels(capacity), strict=True):
        panel.set_title(title)
        _lines(panel, lines, capacity)


def _panels(capacity: Capacity) -> list[tuple[str, list[Line]]]:
    tasks = [Line(part.name, part.name, part.tasks, 1, part.now.most) for part in capacity.parts if part.tasks.known]
    caches = replace(capacity, parts=tuple(part for part in capacity.parts if part.kind == "cache"))
    shares = [line for metric in ("connections", "queue") for line in _of(capacity, metric, share=True)]
    shares += _of(caches, "memory", share=True)
    return [
        ("CPU (%)", _of(capacity, "cpu")),
        ("p95 (ms)", _of(capacity, "p95", times=MILLISECONDS)),
        ("Tasks of the busier slot", tasks),
        ("Connections, queue, memory of a cache (% of the limit)", shares),
    ]


def _of(capacity: Capacity, metric: str, *, times: float = 1, share: bool = False) -> list[Line]:
    """Give the lines of one metric; as a share of its limit, so that what has other units fits beside it."""
    found = []
    for part in capacity.parts:
        seen = part.seen.get(metric)
        if seen is None or not seen.series.known:
            continue
        name, factor = (f"{part.name} {metric}", 100 / seen.rule.over) if share else (part.name, times)
        found.append(Line(part.name, name, seen.series, factor, seen.rule.over * factor))
    return found


def _lines(panel: Any, lines: Sequence[Line], capacity: Capacity) -> None:
    panel.set_xlim(capacity.since, capacity.until)
    _moments(panel, capacity)
    if not lines:
        panel.set_yticks([])
        nothing(panel, "no numbers")
        return
    looks = dict(zip((part.name for part in capacity.parts), cycle(LOOKS), strict=False))
    for line in lines:
        moments, values = thinned(line.series, capacity.since, capacity.until)
        drawn, (colour, dash) = [value * line.factor for value in values], looks[line.part]
        panel.plot(moments, drawn, color=colour, linestyle=dash, linewidth=1.2, label=line.name, drawstyle="steps-post")
    for limit in sorted({line.limit for line in lines}):
        panel.axhline(limit, color=GREY, linewidth=0.9, linestyle=(0, (1, 2)))
    top = max(max(line.limit, line.series.peak * line.factor) for line in lines)
    panel.set_ylim(0, top * (ROOM + ROW * (-(-len(lines) // COLUMNS) - 1)))
    panel.legend(loc="upper left", ncols=COLUMNS, handlelength=2.4, columnspacing=1.2)


def thinned(series: Series, since: int, until: int) -> tuple[list[int], list[float]]:
    """Give at most so many points; a gap is NaN, for which no line is drawn."""
    step = max(series.period, -(-(until - since) // MOST_POINTS // series.period) * series.period)
    found: dict[int, float] = {}
    for at, value in series.values.items():
        place = (at - since) // step
        found[place] = max(value, found.get(place, value))
    places = range(-(-(until - since) // step))
    return [since + place * step for place in places], [found.get(place, float("nan")) for place in places]


def _moments(panel: Any, capacity: Capacity) -> None:
    """Name some moments below a panel: days that begin, or quarters of a short time."""
    span = capacity.until - capacity.since
    moments, form = [capacity.since + span * number // 4 for number in range(5)], "%H:%M"
    if span > 2 * DAY:
        every = -(-span // (7 * DAY)) * DAY
        moments, form = list(range(-(-capacity.since // DAY) * DAY, capacity.until + 1, every)), "%d %b"
    panel.set_xticks(moments, [f"{datetime.fromtimestamp(at, UTC):{form}}" for at in moments])
    panel.set_xlabel("UTC")
