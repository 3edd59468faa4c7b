"""What Terraform would do, has found, or gives, as tables; the same as JSON for machines. No secret is in any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from handrail.control.show import as_json_line, console_for_tables
from handrail.model.infra_change import Action
from handrail.model.infra_drift import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.environment import Environment
    from handrail.model.infra_change import Summary
    from handrail.model.infra_cost import Bill
    from handrail.model.infra_drift import Drift
    from handrail.model.infra_plan import InfraPlan

STYLES = {Action.DESTROY: "bold red", Action.REPLACE: "bold red", Action.CHANGE: "yellow", Action.ADD: "green"}


def plan(
    environment: Environment, found: Summary, made: InfraPlan | None, drifted: Sequence[Drift], *,
    next_step: str, as_json: bool,
) -> None:  # fmt: skip
    """Show a plan: the worst first."""
    if as_json:
        as_json_line({
            "exit_code": 0, "system": environment.system.name, "environment": environment.name,
            "summary": found.counts, "plan": made.id if made else "", "sha256": made.sha256 if made else "",
            "changes": [
                {"action": str(each.action), "address": each.address, "why": each.why, "loses": each.loses}
                for each in found.changes
            ],
            "by_hand": [each.address for each in drifted], "loses": list(found.loses), "next": next_step,
        })  # fmt: skip
        return
    out = console_for_tables()
    out.print(f"[bold]{environment.system.name}[/] on {environment.name}: {found.counts}")
    if found.changes:
        table = _table("", "resource", "why")
        for each in found.changes:
            why = "\n".join(part for part in (each.why, f"LOSES {each.loses}" if each.loses else "") if part)
            table.add_row(str(each.action), escape(each.address), escape(why), style=STYLES.get(each.action, ""))
        out.print(table)
    if drifted:
        out.print(f"[yellow]changed by hand since the last apply, and undone by this or taken in:[/] {_named(drifted)}")
    if made is None:
        return
    for lost in found.loses:
        out.print(f"[bold red]loses data[/] {escape(lost)}", soft_wrap=True)
    out.print(f"plan {made.id}, commit {escape(made.commit[:12])}", soft_wrap=True)
    out.print(f"[bold]next[/]  {escape(next_step)}", soft_wrap=True)


def drift(environment: Environment, found: Sequence[Drift], code: int, *, as_json: bool) -> None:
    """Show what is not as Terraform left it."""
    if as_json:
        as_json_line({
            "exit_code": code, "system": environment.system.name, "environment": environment.name,
            "drift": [{"address": each.address, "how": each.how, "details": list(each.details)} for each in found],
        })  # fmt: skip
        return
    out = console_for_tables()
    told = f"{len(found)} resources are not as described" if found else "everything is as described"
    out.print(f"[bold]{environment.system.name}[/] on {environment.name}: {told}")
    if found:
        table = _table("resource", "how", "what")
        for each in found:
            table.add_row(escape(each.address), each.how, escape("\n".join(each.details)))
        out.print(table)


def costs(environment: Environment, found: Bill, *, as_json: bool) -> None:
    """Show what AWS bills, by service."""
    name = environment.system.name
    if as_json:
        as_json_line({"exit_code": 0, "system": name, "environment": environment.name, **found.json()})
        return
    out = console_for_tables()
    out.print(f"[bold]{name}[/] on {environment.name}: what AWS bills, in {found.currency or 'no currency yet'}")
    if not found.services:
        out.print(
            f"nothing under the tags system={name} and environment={environment.name}; AWS counts tags that were made "
            "cost allocation tags in its billing console, from then on and a day late",
            soft_wrap=True,
        )
        return
    table = _table("service", *found.months)
    for service in found.services:
        table.add_row(escape(service), *(f"{found.of(service, month):,}" for month in found.months))
    table.add_row("all", *(f"{found.total(month):,}" for month in found.months), style="bold")
    out.print(table)
    out.print(f"{found.months[1]} is not over, and a day late")


def outputs(given: Mapping[str, Any], *, as_json: bool) -> None:
    """Show the outputs; a sensitive one by its name alone."""
    shown = {name: MASK if each.get("sensitive") else each.get("value") for name, each in sorted(given.items())}
    if as_json:
        as_json_line(shown)
        return
    out, table = console_for_tables(), _table("output", "value")
    for path, value in _leaves(shown):
        table.add_row(escape(path), escape(str(value)))
    out.print(table)


def _leaves(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [leaf for key, each in sorted(value.items()) for leaf in _leaves(each, f"{path}.{key}".lstrip("."))]
    return [(path, ", ".join(map(str, value)) if isinstance(value, list) else value)]


def _named(drifted: Sequence[Drift]) -> str:
    return escape(", ".join(each.address for each in drifted))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
