"""What `fab checklist` shows: each item of the pre-deployment checklist, answered as the gate answers it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from handrail.control.connections import Connections
from handrail.control.show import COLOURS, as_json_line, console_for_tables
from handrail.control.task import exits, opened
from handrail.model.version import Release, checked_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.checklist import Case
    from handrail.hosts.inventory import Loaded
    from handrail.model.answer import Answer, Statement
    from handrail.model.checklist import Item

# A rule says no: what the gate would say.
REFUSED = 3


@exits
def show_checklist(release: str, inventory: str | None, *, as_json: bool) -> int:
    """Answer the checklist for a release; 3 when an item is a no, as the deploy would be refused."""
    from handrail.checklist import answers  # noqa: PLC0415  # each verb imports what it needs

    version = checked_version(release)
    here = opened(inventory)
    loaded = here.load()
    items = checklist_of(loaded)
    with Connections(here) as connections:
        found = answers(items, case(loaded, version, items, connections))
    code = 0 if all(answer.ok for answer in found) else REFUSED
    _show(f"{loaded.environment.system.name} {version} on {loaded.environment.name}", found, code, as_json=as_json)
    return code


def checklist_of(loaded: Loaded) -> tuple[Item, ...]:
    """Give the items of an environment; without rules there are none."""
    changes = loaded.environment.system.changes
    return changes.checklist if changes else ()


def case(loaded: Loaded, version: str, items: Sequence[Item], connections: Connections) -> Case:
    """Put together what the items are asked about; the digest is looked up only where an item has a use for it."""
    from handrail import artifacts  # noqa: PLC0415  # likewise
    from handrail.checklist import Case  # noqa: PLC0415
    from handrail.checklist.variables import mask_here  # noqa: PLC0415

    system = loaded.environment.system
    wanted = any(
        "${sha256}" in " ".join((*(item.command or ()), item.file or "", item.contains or "")) for item in items
    )
    digest = artifacts.digest_at(system.release.sha256_of(version), base=loaded.base) if wanted else ""
    return Case(
        environment=loaded.environment,
        base=loaded.base,
        release=Release(version, digest),
        ask=connections.ask,
        mask=mask_here(system, base=loaded.base),
        now=datetime.now(UTC),
        statements=stated(loaded, version) if any(item.statement for item in items) else {},
        runs=rehearsals(system.name) if any(item.rehearsal for item in items) else (),
    )


def stated(loaded: Loaded, version: str) -> Mapping[str, Statement]:
    """Read what was signed for the newest change that would deploy this version; nothing where there is none yet."""
    from handrail.checklist.statements import signed  # noqa: PLC0415  # likewise
    from handrail.control.office import office_of  # noqa: PLC0415
    from handrail.filing.find import for_plan  # noqa: PLC0415
    from handrail.hosts.intent import intent_of  # noqa: PLC0415
    from handrail.model.change_plan import change_plan  # noqa: PLC0415

    here = office_of(loaded)
    plan = change_plan(loaded.environment, intent_of("deploy", {"release": version}, loaded))
    change = next(for_plan(here.folder, plan, here.approvers), None)
    return signed(change, datetime.now(UTC), here.rules(change.type)) if change else {}


def rehearsals(system: str) -> Sequence[Mapping[str, Any]]:
    """Read the runs that showed a rollback from the journal in HANDRAIL_STORE; none where there is no journal yet."""
    from handrail.journal.facts import facts  # noqa: PLC0415  # likewise
    from handrail.journal.open import reader_or_none  # noqa: PLC0415

    store = reader_or_none()
    if store is None:
        return ()
    with store:
        return list(facts(store, system=system, environment="", verb="")["rehearsals"])


def _show(title: str, found: Sequence[Answer], code: int, *, as_json: bool) -> None:
    if as_json:
        as_json_line({"exit_code": code, "items": [answer.json() for answer in found]})
        return
    out = console_for_tables()
    missing = [answer for answer in found if not answer.ok]
    told = f"{len(missing)} of {len(found)} items are a NO" if missing else f"all {len(found)} items are OK"
    out.print(f"[bold]{escape(title)}[/]: {told if found else 'there is no checklist'}")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for answer in found:
        style = COLOURS["OK" if answer.ok else "ALERT"]
        words = (answer.item, answer.evidence, f"{answer.seconds:.1f} s")
        table.add_row(f"[{style}]{'OK' if answer.ok else 'NO'}[/]", *map(escape, words))
    out.print(table)
    for answer in missing:
        out.print(f"[bold]next[/]  {escape(answer.item)}: {escape(answer.next_step)}", soft_wrap=True)
