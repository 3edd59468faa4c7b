"""Metrics as a picture: four panels over the weeks, to be printed and to be read without colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.control.metric_tables import DAY, HOUR, MINUTE
from handrail.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from handrail.model.metrics import Metrics, Spread, Tally

# Okabe and Ito's colours, which also those tell apart who see no red or no green (https://jfly.uni-koeln.de/color/).
# Bars differ by their hatching and lines by their marks as well: print may have no colours at all.
BLUE, VERMILION, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#6E6E6E"
UNITS = ((DAY, "days"), (HOUR, "hours"), (MINUTE, "minutes"), (1, "seconds"))
NAMED = (
    (0.1, "0.1 s"), (1, "1 s"), (10, "10 s"), (MINUTE, "1 min"), (10 * MINUTE, "10 min"), (HOUR, "1 h"),
    (6 * HOUR, "6 h"), (DAY, "1 d"), (7 * DAY, "1 week"), (30 * DAY, "30 d"), (365 * DAY, "1 year"),
)  # fmt: skip
# From here on the shortest time could not be told from nothing.
WIDE = 30
# What the highest value leaves free above it, for the legend.
ROOM = 1.35
# A4 across, with margins.
INCHES = (10.5, 7.0)
STYLE: Any = {
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "grid.color": "#DDDDDD",
    "hatch.linewidth": 0.6,
    "figure.constrained_layout.h_pad": 0.12,
    "figure.constrained_layout.w_pad": 0.12,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.hashsalt": "handrail",
}


def draw(metrics: Metrics, picture: Path) -> None:
    """Write the picture; its format is what its name ends in."""
    written(picture, lambda figure: _fill(figure, metrics))


def written(picture: Path, fill: Callable[[Any], None]) -> None:
    """Write a figure that somebody fills, in the style of all of ours."""
    try:
        from matplotlib import rc_context  # noqa: PLC0415  # half a second, and an extra
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # likewise
        from matplotlib.figure import Figure  # noqa: PLC0415  # likewise
    except ImportError as error:
        raise BadInput(f"a plot needs matplotlib: {error}", next_step="pip install 'handrail[plots]'") from error
    with rc_context(STYLE):
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        fill(figure)
        try:
            # No date inside: the same numbers give the same file.
            dated: dict[str, Any] = {"Date": None} if picture.suffix.lower() == ".svg" else {}
            figure.savefig(picture, dpi=150, metadata=dated)
        except OSError as error:
            raise BadInput(f"{picture} cannot be written: {error.strerror}", next_step="name another file") from error


def _fill(figure: Any, metrics: Metrics) -> None:
    panels = figure.subplots(2, 2)
    _title(figure, metrics)
    _deployments(panels[0][0], metrics)
    _failure_rate(panels[0][1], metrics)
    _lead_time(panels[1][0], metrics)
    _recovery(panels[1][1], metrics)
    for panel in panels.flat:
        _weeks(panel, metrics)


def _title(figure: Any, metrics: Metrics) -> None:
    span = f"{metrics.since:%Y-%m-%d} to {metrics.until:%Y-%m-%d}"
    figure.suptitle(f"{metrics.system} on {metrics.environment}, {span}", x=0.01, ha="left", fontweight="bold")


def _deployments(panel: Any, metrics: Metrics) -> None:
    parts: tuple[tuple[str, str, str, Callable[[Tally], int]], ...] = (
        ("done, and stayed", BLUE, "", lambda tally: tally.done - tally.regretted),
        ("done, then mended", VERMILION, "///", lambda tally: tally.regretted),
        ("failed", GREY, "xxx", lambda tally: tally.failed),
    )
    places, tallies = range(len(metrics.weeks)), [tally for _, tally in metrics.weeks]
    below = [0] * len(tallies)
    for label, colour, hatch, count in parts:
        heights = [count(tally) for tally in tallies]
        panel.bar(
            places, heights, bottom=below, width=0.7, label=label, color=colour, hatch=hatch, edgecolor="white",
            linewidth=0.5,
        )  # fmt: skip
        below = [low + height for low, height in zip(below, heights, strict=True)]
    panel.set_title("Deployments (number a week)")
    panel.set_ylim(0, max(*below, 1) * ROOM)
    panel.yaxis.get_major_locator().set_params(integer=True)
    panel.legend(loc="upper left", ncols=3, handlelength=1.4, columnspacing=1.2)


def _failure_rate(panel: Any, metrics: Metrics) -> None:
    rates = [tally.failure_rate for _, tally in metrics.weeks]
    panel.set_title("Change failure rate (% of a week's deployments)")
    _line(panel, [None if rate is None else rate * 100 for rate in rates], VERMILION, "s", "")
    panel.set_ylim(-4, 108)
    if all(rate is None for rate in rates):
        nothing(panel, "no deploys yet")


def _lead_time(panel: Any, metrics: Metrics) -> None:
    spreads = [tally.lead_time for _, tally in metrics.weeks]
    _times(panel, "Lead time, request to deployed", [("", BLUE, "o", spreads)])


def _recovery(panel: Any, metrics: Metrics) -> None:
    tallies = [tally for _, tally in metrics.weeks]
    lines = [
        ("recovery", VERMILION, "s", [tally.recovery_time for tally in tallies]),
        ("rollback", BLUE, "o", [tally.rollback_time for tally in tallies]),
        ("rehearsal of one", GREEN, "^", [tally.rehearsal_time for tally in tallies]),
    ]
    _times(panel, "Recovery and rollback time", [line for line in lines if any(line[3])])


def _times(panel: Any, title: str, lines: Sequence[tuple[str, str, str, Sequence[Spread | None]]]) -> None:
    seconds = [spread.median_seconds for *_, spreads in lines for spread in spreads if spread]
    if not seconds:
        panel.set_title(f"{title} (median)")
        panel.set_yticks([])
        nothing(panel, "none yet")
        return
    # Seconds beside hours: only a scale of powers shows both.
    wide = max(seconds) > WIDE * min(seconds)
    size, unit = (1, "log scale") if wide else next((each for each in UNITS if max(seconds) >= 2 * each[0]), UNITS[-1])
    panel.set_title(f"{title} (weekly median, {unit})")
    for label, colour, mark, spreads in lines:
        _line(panel, [spread.median_seconds / size if spread else None for spread in spreads], colour, mark, label)
    if wide:
        _powers(panel, min(seconds), max(seconds))
    else:
        panel.set_ylim(0, max(*seconds, 1.0) / size * ROOM)
    if any(label for label, *_ in lines):
        panel.legend(loc="upper left", ncols=3, handlelength=1.4, columnspacing=1.2)


def _powers(panel: Any, least: float, most: float) -> None:
    """Make a scale of powers that is named as people name times."""
    least = max(least, 0.01)
    panel.set_yscale("log")
    # Room above for the legend.
    panel.set_ylim(least / 2, most * (most / least) ** 0.3 * 2)
    named = [(seconds, name) for seconds, name in NAMED if least / 2 <= seconds <= most * 2]
    panel.set_yticks([seconds for seconds, _ in named], [name for _, name in named])
    panel.minorticks_off()


def _line(panel: Any, values: Sequence[float | None], colour: str, mark: str, label: str) -> None:
    """Draw a line that has a gap where a week has no value."""
    drawn = [float("nan") if value is None else value for value in values]
    panel.plot(range(len(drawn)), drawn, color=colour, marker=mark, markersize=5, linewidth=1.4, label=label)


def nothing(panel: Any, words: str) -> None:
    """Say in a panel why it is empty."""
    panel.text(0.5, 0.5, words, transform=panel.transAxes, ha="center", va="center", color=GREY)


def _weeks(panel: Any, metrics: Metrics) -> None:
    """Name as many weeks as have room below the panel."""
    every = -(-len(metrics.weeks) // 7)
    places = range(0, len(metrics.weeks), every)
    panel.set_xlim(-0.7, len(metrics.weeks) - 0.3)
    panel.set_xticks(places, [f"{metrics.weeks[place][0]:%d %b}" for place in places])
    panel.set_xlabel("week from Monday (UTC)")
