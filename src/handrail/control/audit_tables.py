"""The journal for people: what verifying found, and records."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from handrail.control.show import COLOURS, as_json_line, console_for_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from handrail.journal.chain import Report
    from handrail.journal.record import Record

BAD = "bold red"
SHOWN = 50
FIELDS = (
    "who", "what", "type", "reason", "change", "window", "plan_digest", "started", "ended", "seconds", "outcome",
    "exit_code", "text",
)  # fmt: skip


def report(found: Report, *, as_json: bool) -> None:
    """Show whether the journal is whole, who signed for it, and every record that is not as it was."""
    if as_json:
        as_json_line({
            "exit_code": 0 if found.ok else 1, "store": found.store, "records": found.records, "last": found.last,
            "pruned": found.pruned, "heads": found.heads, "signers": list(found.signers),
            "findings": [finding.json() for finding in found.findings], "notes": list(found.notes),
        })  # fmt: skip
        return
    out = console_for_tables()
    for finding in found.findings[:SHOWN]:
        out.print(f"[{BAD}]{finding.what}[/] {escape(str(finding).partition(': ')[2])}", soft_wrap=True)
    if len(found.findings) > SHOWN:
        out.print(f"and {len(found.findings) - SHOWN} more; --json names all", style=BAD)
    word = "[green]whole[/]" if found.ok else f"[{BAD}]NOT AS IT WAS WRITTEN[/]"
    counts = f"{found.records} records, {found.pruned} of them pruned, {found.heads} signed heads"
    out.print(f"journal {found.store}: {counts}: {word}")
    for signer in found.signers:
        out.print(f"signed by {escape(signer)}", soft_wrap=True)
    for text in found.notes:
        note(text)


def records(found: Sequence[Record]) -> None:
    """Show records, one below the other, the last one with its steps."""
    out = console_for_tables()
    for record in found:
        style = COLOURS.get(record.outcome, BAD if record.outcome else "")
        outcome = f"[{style}]{escape(record.outcome)}[/]" if style else ""
        where = " on ".join(word for word in (record.system, record.environment) if word)
        out.print(f"[bold]{record.seq}[/] {record.at} {record.kind} {escape(record.verb)} {escape(where)} {outcome}")
        out.print(_fields(record.content, record))
        if steps := _rows(record.content, "steps"):
            out.print(_steps(steps))


def exported(path: Path, first: int, last: int) -> None:
    """Say what was exported, and how it is verified."""
    aside().print(f"{path}: records {first} to {last}", soft_wrap=True)
    if path.suffix == ".json":
        aside().print(f"[bold]next[/]  fab audit.verify --export {escape(str(path))}", soft_wrap=True)


def pruned(proofs: Sequence[Mapping[str, Any]]) -> None:
    """Say what was pruned."""
    out = console_for_tables()
    for proof in proofs:
        out.print(f"{proof['class']}: {proof['count']} records up to {proof['up_to_seq']}, of {proof['up_to_at']}")
    if not proofs:
        out.print("nothing is old enough")


def adopted(run: str) -> None:
    """Say that a run was recorded that had lost its recorder."""
    note(f"run {run} had lost its recorder; it is in the journal now")


def note(text: str) -> None:
    """Say something beside the result."""
    aside().print(f"[yellow]note[/] {escape(text)}", soft_wrap=True)


def aside() -> Console:
    """Give the console for what is not the result."""
    return Console(file=sys.stderr, highlight=False)


def _fields(body: Mapping[str, Any], record: Record) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    if record.body is None:
        table.add_row("body", "[yellow]pruned[/]")
    for name in FIELDS:
        if body.get(name) not in (None, "", []):
            table.add_row(name, escape(str(body[name])))
    for each in _rows(body, "approvals"):
        table.add_row("approval", escape(", ".join(f"{key} {value}" for key, value in each.items())))
    for each in _rows(body, "checklist"):
        mark = "[green]✓[/]" if each.get("ok") else f"[{BAD}]✗[/]"
        table.add_row(f"{mark} {escape(str(each.get('item', '')))}", escape(str(each.get("evidence", ""))))
    table.add_row("hash", record.hash)
    return table


def _rows(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Give what is a table in a body; others write records, too."""
    return [each for each in body.get(name) or [] if isinstance(each, dict)]


def _steps(steps: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("at", "step", "host", "outcome", "seconds", "", box=None, padding=(0, 2), header_style="dim")
    for step in steps:
        words = [str(step.get(name, "")) for name in ("at", "title", "host", "outcome", "seconds", "words")]
        style = BAD if words[3] not in {"ok", "unchanged"} else ""
        table.add_row(words[0].replace("T", " ")[11:23], *map(escape, words[1:]), style=style)
    return table
