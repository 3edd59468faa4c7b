"""Changes as people read them; the same as JSON for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from handrail.control.show import as_json_line, console_for_tables
from handrail.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from handrail.model.signed import Document

COLOURS = {
    State.REQUESTED: "cyan", State.ASSESSED: "cyan", State.APPROVED: "green", State.SCHEDULED: "green",
    State.IMPLEMENTED: "yellow", State.VERIFIED: "green", State.CLOSED: "dim", State.REJECTED: "bold red",
    State.EXPIRED: "yellow",
}  # fmt: skip


def filed(document: Document, path: Path, state: State, following: str, *, as_json: bool) -> None:
    """Say what was filed, where, and what comes next."""
    name = document["change"]
    if as_json:
        as_json_line({"change": name, "kind": document.kind, "file": str(path), "state": state, "next": following})
        return
    out = console_for_tables()
    person = document.person.name if document.person else "nobody"
    out.print(f"[bold]{name}[/] {document.kind} by {escape(person)}: {_state(state)}")
    out.print(f"file  {escape(str(path))}; commit it, or send it for `fab change.add`", soft_wrap=True)
    _next(out, following)


def change(seen: dict[str, Any], *, as_json: bool) -> None:
    """Show one change."""
    if as_json:
        as_json_line(seen)
        return
    out = console_for_tables()
    _head(out, seen)
    _documents(out, seen)
    for each in seen["approvals"]:
        style = "green" if each["said"] == "counts" else "yellow"
        out.print(f"  [{style}]approval[/] {escape(each['person'])} as {escape(each['role'])}: {escape(each['said'])}")
    for role, number in seen["missing"].items():
        could = ", ".join(seen["could_approve"][role]) or "nobody"
        out.print(f"  [yellow]missing[/]  {number} x {escape(role)}; could approve: {escape(could)}")
    _plan(out, seen["plan"])
    if seen["today_unknown"]:
        out.print(f"[yellow]today's plan cannot be told[/]: {escape(seen['today_unknown'])}", soft_wrap=True)
    for line in seen["differences"]:
        out.print(f"[bold red]differs today[/] {escape(line)}", soft_wrap=True)
    _next(out, seen["next"])


def changes(rows: Sequence[dict[str, Any]], broken: Sequence[dict[str, str]], *, as_json: bool) -> None:
    """Show a list of changes, and folders that are none."""
    if as_json:
        as_json_line({"changes": list(rows), "broken": list(broken)})
        return
    out = console_for_tables()
    table = Table("requested (UTC)", "change", "type", "state", "what", "by", "reason", "", box=None, padding=(0, 2))
    for row in rows:
        due = (
            f"[{'bold red' if row['overdue'] else 'yellow'}]review due {row['review_due']}[/]"
            if row["review_due"]
            else ""
        )
        loud = row["type"].upper() if row["type"] == "emergency" else row["type"]
        table.add_row(
            row["requested"], row["change"], loud, _state(State(row["state"])), escape(row["what"]),
            escape(row["requester"]), escape(row["reason"]), due,
        )  # fmt: skip
    out.print(table if rows else "no changes")
    for each in broken:
        out.print(f"[bold red]{escape(each['change'])} is no change[/]: {escape(each['why'])}", soft_wrap=True)


def verified(seen: dict[str, Any], *, as_json: bool) -> None:
    """Show what each file of a change is worth."""
    if as_json:
        as_json_line(seen)
        return
    out = console_for_tables()
    _head(out, seen)
    _documents(out, seen)
    for run in seen["runs"]:
        by = ", ".join(f"{each['person']} as {each['role']} at {each['at']}" for each in run["approved_by"]) or "nobody"
        out.print(f"  run {escape(run['run'])} {escape(run['outcome'])} at {run['at']}; approved by {escape(by)}")
        if not run["approved"]:
            lacking = ", ".join(f"{number} x {role}" for role, number in run["missing"].items()) or "an approval"
            out.print(f"  [bold red]NOT APPROVED[/] run {escape(run['run'])} lacked {escape(lacking)}", soft_wrap=True)


def _head(out: Console, seen: dict[str, Any]) -> None:
    kind = f"[bold red]{seen['type'].upper()}[/]" if seen["type"] == "emergency" else seen["type"]
    out.print(f"[bold]{seen['change']}[/] {kind}: {_state(State(seen['state']))}")
    # On one line: a text of several could look like lines of this page.
    impact = " ".join(seen["impact"].split()) or "not told"
    out.print(f"  {escape(seen['reason'])} (risk {seen['risk']}; impact: {escape(impact)})")
    if seen["not_before"]:
        out.print(f"  not before {seen['not_before']}")
    out.print(f"  plan {seen['plan_digest']}", soft_wrap=True)


def _documents(out: Console, seen: dict[str, Any]) -> None:
    table = Table("at (UTC)", "what", "who", "as", "", box=None, padding=(0, 2))
    for each in seen["documents"]:
        words = " ".join(
            word for word in (each["item"], each["not_before"] and f"for {each['not_before']}", each["text"]) if word
        )
        table.add_row(each["at"], each["kind"], escape(each["person"]), escape(each["role"]), escape(words))
    for run in seen["runs"]:
        table.add_row(run["at"], "run", "", "", f"{escape(run['outcome'])} {escape(run['run'])}")
    out.print(table)
    for each in seen["ignored"]:
        out.print(f"  [bold red]does not count[/] {escape(each['file'])}: {escape(each['why'])}", soft_wrap=True)


def _plan(out: Console, plan: dict[str, Any]) -> None:
    release = f" {plan['release']['version']}" if plan["release"]["version"] else ""
    digest = f" (sha256 {plan['release']['sha256'][:12]}…)" if plan["release"]["sha256"] else ""
    options = "".join(f", {name} {value}" for name, value in plan["options"].items())
    out.print(f"plan: {escape(plan['verb'] + release)}{escape(digest)}{escape(options)} of {escape(plan['system'])}")
    for group, hosts in plan["hosts"].items():
        out.print(f"  {escape(group)}: {escape(', '.join(hosts))}", soft_wrap=True)
    for number, step in enumerate(plan["steps"], 1):
        out.print(f"  {number:2}. {escape(step)}")


def _state(state: State) -> str:
    return f"[{COLOURS[state]}]{state}[/]"


def _next(out: Console, following: str) -> None:
    if following:
        out.print(f"[bold]next[/]  {escape(following)}", soft_wrap=True)
