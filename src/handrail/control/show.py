"""Lines for people, how a change ended, logs; the same as JSON for machines."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.markup import escape

from handrail.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from handrail.control.change import End
    from handrail.control.logs import Entry
    from handrail.errors import HandrailError

COLOURS = {
    "OK": "green",
    "WARN": "yellow",
    "ALERT": "bold red",
    "done": "green",
    "unchanged": "cyan",
    "unfinished": "yellow",
}
WIDE = 200
# One colour for each host, so that merged lines can be told apart.
HOST_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


def confirmed() -> bool:
    """Ask on standard error: standard output may be a pipe, and is for what was asked for."""
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def as_json_line(value: Any) -> None:
    """Write one JSON object to standard output."""
    sys.stdout.write(json.dumps(value) + "\n")


def console_for_tables() -> Console:
    """Give the console; where nobody looks at a terminal, lines are as long as they are."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def error(problem: HandrailError) -> None:
    """Say what went wrong and what to do next."""
    console = Console(stderr=True, highlight=False)
    console.print(f"[bold red]error[/] {escape(problem.message)}", soft_wrap=True)
    if problem.next_step:
        console.print(f"[bold]next[/]  {escape(problem.next_step)}", soft_wrap=True)


def warning(text: str) -> None:
    """Say on standard error what is not as it should be, where that stops nobody."""
    Console(stderr=True, highlight=False).print(f"[bold yellow]warning[/] {escape(text)}", soft_wrap=True)


def end(ended: End, *, as_json: bool) -> None:
    """Say how a change ended."""
    if as_json:
        as_json_line(
            ended.details
            | {"exit_code": ended.exit_code, "outcome": ended.outcome, "text": ended.text, "events": _finished(ended)}
        )
        return
    style = COLOURS.get(ended.outcome, "bold red")
    Console(stderr=True, highlight=False).print(f"[{style}]{ended.outcome}[/] {escape(ended.text)}", soft_wrap=True)


def _finished(ended: End) -> list[dict[str, Any]]:
    return [event for event in ended.events if event["outcome"] != "running"]


@contextmanager
def writing(output: str) -> Iterator[TextIO]:
    """Open the file that was named, before anything is asked of hosts; standard output without a name."""
    if not output:
        yield sys.stdout
        return
    try:
        file = Path(output).open("w")  # noqa: SIM115  # closed below; what goes wrong later is not the name's fault
    except OSError as error:
        said = f"--output {output} cannot be written: {error.strerror}"
        raise BadInput(said, next_step="name another file") from None
    with file:
        yield file


def logs(entries: Iterable[Entry], target: TextIO, *, as_json: bool) -> None:
    """Write log lines as they come."""
    colours: dict[str, str] = {}
    console = Console(file=target, highlight=False, soft_wrap=True)
    for entry in entries:
        when = datetime.fromtimestamp(entry.at, UTC)
        if as_json:
            row = {"at": when.isoformat(), "host": entry.host, "what": entry.what, "text": entry.text}
            target.write(json.dumps(row) + "\n")
        else:
            colour = colours.setdefault(entry.host, HOST_COLOURS[len(colours) % len(HOST_COLOURS)])
            console.print(f"{when:%Y-%m-%d %H:%M:%S.%f} [{colour}]{entry.host}[/] {entry.what} {escape(entry.text)}")
        target.flush()
