"""What a watch shows: sparklines and the last findings on a terminal, a line for each look elsewhere."""

from __future__ import annotations

import sys
import time
from collections import deque
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from handrail.control.show import COLOURS, as_json_line, console_for_tables
from handrail.model import duration
from handrail.model.level import Level

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from types import TracebackType

    from rich.console import RenderableType

    from handrail.control.poll import Ending, Poll
    from handrail.model.level import Finding
    from handrail.model.system import System
    from handrail.model.vitals import Traffic

BARS = "▁▂▃▄▅▆▇█"
# As many looks as fit beside the numbers on a terminal of 80 columns, twice.
LOOKS = 20
FINDINGS = 8
# What each look's line has in any case.
SHOWN = ("weights", "traffic")


class Screen(AbstractContextManager["Screen"]):
    """Show a watch while it goes."""

    def __init__(self, title: str, system: System, *, lasts: timedelta, as_json: bool) -> None:
        self._title, self._system, self._json = title, system, as_json
        self._console = console_for_tables()
        self._ends = time.monotonic() + lasts.total_seconds()
        self._traffic: dict[str, deque[Traffic]] = {}
        self._findings: dict[tuple[str, str, Level], tuple[datetime, Finding]] = {}
        self._level = Level.OK
        live = self._console.is_terminal and not as_json
        self._live = Live(get_renderable=self._view, console=self._console, refresh_per_second=2) if live else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        elif not self._json:
            self._line(Text(self._title, style="bold"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def poll(self, seen: Poll) -> None:
        """Take in one look."""
        bad = [finding for finding in seen.findings if finding.level is not Level.OK]
        if self._json:
            traffic = {
                host: {"requests": each.requests, "failed": each.failed, "p95_milliseconds": each.p95_milliseconds}
                for host, each in seen.traffic.items()
            }
            findings = [finding.json() for finding in bad]
            as_json_line({"at": seen.at.isoformat(), "level": seen.level, "traffic": traffic, "findings": findings})
            sys.stdout.flush()
            return
        self._level = seen.level
        for host, each in seen.traffic.items():
            self._traffic.setdefault(host, deque(maxlen=LOOKS)).append(each)
        for finding in bad:
            # what is seen last stands last
            self._findings.pop((finding.what, finding.host, finding.level), None)
            self._findings[finding.what, finding.host, finding.level] = seen.at, finding
        if self._live:
            self._live.refresh()
        else:
            self._line(_one_line(seen, bad))

    def end(self, ending: Ending) -> None:
        """Say how it ended, loudly if something broke."""
        if self._json:
            as_json_line(ending.json())
            return
        style = {0: "green", 1: "yellow"}.get(ending.exit_code, "bold red")
        self._line(Text.assemble((ending.outcome.upper(), style), f" {ending.text}"))
        if ending.next_step:
            self._line(Text.assemble(("next", "bold"), f"  {ending.next_step}"))
        if ending.outcome == "breach" and self._console.is_terminal:
            self._console.bell()

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)
        sys.stdout.flush()

    def _view(self) -> RenderableType:
        left = timedelta(seconds=max(0, round(self._ends - time.monotonic())))
        head = Text.assemble((self._title, "bold"), f", {duration.text(left)} left, ", _marked(self._level))
        flow = Table.grid(padding=(0, 1))
        limits = self._system.thresholds
        for host, each in self._traffic.items():
            times = [
                (one.p95_milliseconds, limits.p95.level(timedelta(milliseconds=one.p95_milliseconds))) for one in each
            ]
            errors = [(one.errors_percent, limits.errors.level(one.errors_percent)) for one in each]
            now = each[-1]
            flow.add_row(
                host, "p95", spark(times), f"{now.p95_milliseconds} ms", "errors", spark(errors),
                f"{now.errors_percent:.1f} %", f"of {now.requests} requests",
            )  # fmt: skip
        last = Table.grid(padding=(0, 1))
        for at, finding in list(self._findings.values())[-FINDINGS:]:
            last.add_row(f"{at:%H:%M:%S}", _marked(finding.level), finding.what, finding.host, Text(finding.text))
        return Group(head, flow, last)


def spark(values: Iterable[tuple[float, Level]]) -> Text:
    """Draw a bar for each number, as high as it is beside the highest, in the colour of its level."""
    shown = list(values)
    most = max((number for number, _ in shown), default=0) or 1
    line = Text()
    for number, level in shown:
        line.append(BARS[round(number / most * (len(BARS) - 1))], style=COLOURS[level])
    return line


def _marked(level: Level) -> Text:
    return Text(level, style=COLOURS[level])


def _one_line(seen: Poll, bad: Iterable[Finding]) -> Text:
    line = Text.assemble(f"{seen.at:%H:%M:%S} ", _marked(seen.level))
    line.append("".join(f"  {each.host} {each.text}" for each in seen.findings if each.what in SHOWN))
    for finding in bad:
        if finding.what not in SHOWN:
            line.append("  ").append_text(_marked(finding.level)).append(
                f" {finding.what} {finding.host}: {finding.text}"
            )
    return line
