"""Live progress: one line for each step, with what each host does; plain lines where nobody looks at a terminal."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from types import TracebackType

MARKS = {"ok": ("✓", "green"), "unchanged": ("=", "cyan"), "running": ("…", "yellow")}
BAD = ("✗", "red")


class Progress(AbstractContextManager["Progress"]):
    """Show a run while it goes. `quiet` shows nothing, for machines."""

    def __init__(self, title: str, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, highlight=False)
        self._title = title
        self._quiet = quiet
        self._steps: dict[str, dict[str, dict[str, Any]]] = {}
        self._live = (
            Live(console=self.console, refresh_per_second=10, transient=False) if self.console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self._live is not None and not self._quiet:
            self._live.start()
        elif not self._quiet:
            self.console.print(self._title, style="bold")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None and not self._quiet:
            self._live.update(self._table(), refresh=True)
            self._live.stop()

    def event(self, event: dict[str, Any]) -> None:
        """Take in what happened."""
        self._steps.setdefault(event["title"], {})[event["host"]] = event
        if self._quiet:
            return
        if self._live is not None:
            self._live.update(self._table())
        elif event["outcome"] != "running":
            mark, style = MARKS.get(event["outcome"], BAD)
            line = f"  {mark} {event['title']:<38} {event['host']:<12} {event['words']} ({event['seconds']:.2f} s)"
            self.console.print(Text(line, style=style if mark == BAD[0] else ""), soft_wrap=True)
        if event["log"] and self._live is None:
            self.console.print(Text(event["log"], style="dim"))

    def _table(self) -> Group:
        table = Table.grid(padding=(0, 1))
        running = False
        for title, hosts in self._steps.items():
            outcomes = {event["outcome"] for event in hosts.values()}
            if "running" in outcomes:
                running = True
                mark, style = MARKS["running"]
            elif outcomes <= {"ok", "unchanged"}:
                mark, style = MARKS["ok"]
            else:
                mark, style = BAD
            table.add_row(
                Text(mark, style=style), Text(title, no_wrap=True), *[_cell(hosts[name]) for name in sorted(hosts)]
            )
        head: Any = Spinner("dots", Text(self._title, style="bold")) if running else Text(self._title, style="bold")
        logs = [
            Text(event["log"], style="dim")
            for hosts in self._steps.values()
            for event in hosts.values()
            if event["log"]
        ]
        return Group(head, table, *logs)


def _cell(event: dict[str, Any]) -> Text:
    mark, style = MARKS.get(event["outcome"], BAD)
    cell = Text()
    cell.append(f"{event['host']} ", style="bold" if style == "red" else "")
    words = event["words"] or (mark if event["outcome"] == "running" else "")
    cell.append(words, style=style if style != "green" else "dim")
    if event["seconds"]:
        cell.append(f" {event['seconds']:.1f} s", style="dim")
    return cell
