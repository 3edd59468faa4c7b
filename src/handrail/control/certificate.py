"""What the tasks of certificates do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from handrail.control.connections import Connections
from handrail.control.show import COLOURS, as_json_line, console_for_tables
from handrail.control.task import changed, exits, opened
from handrail.errors import BadInput
from handrail.hosts.pair_intent import certificate_of
from handrail.model.certificates import due
from handrail.model.hosts_only import refuse_on_ecs

if TYPE_CHECKING:
    from handrail.control.certificates import Status
    from handrail.control.inventory import Inventory
    from handrail.hosts.inventory import Loaded


@exits
def show_certificates(inventory: str | None, *, as_json: bool) -> int:
    """Show what every edge serves; 1 when something is a WARN, 2 when something is an ALERT."""
    here = opened(inventory)
    loaded = here.load()
    seen = looked(here, loaded)
    title = f"{loaded.environment.system.name} on {loaded.environment.name}"
    if as_json:
        as_json_line(
            {
                "system": loaded.environment.system.name,
                "environment": loaded.environment.name,
                "level": seen.level,
                "exit_code": seen.level.rank,
                "certificates": [row.json(seen.now) for row in seen.rows],
                "between_hosts": [each.json() for each in seen.between],
            }
        )
    else:
        _table(title, seen)
    return seen.level.rank


@exits
def renew_certificates(
    inventory: str | None, name: str, said: dict[str, str], *, force: bool, as_json: bool, yes: bool, dry_run: bool
) -> int:
    """Renew what is due, or what is named by force, one run for each; the highest exit code of them."""
    here = opened(inventory)
    loaded = here.load()
    refuse_on_ecs(loaded.environment, "certificate.renew")
    wanted = _of_acme(loaded, name)
    reasons = dict.fromkeys(wanted, "--force") if force else _due(looked(here, loaded), wanted)
    for each, why in reasons.items():
        if not as_json:
            console_for_tables().print(f"{each}: {escape(why)}", soft_wrap=True)
    if not reasons:
        text = f"nothing to do: none of {', '.join(wanted)} is due"
        if as_json:
            as_json_line({"exit_code": 0, "outcome": "unchanged", "text": text})
        else:
            console_for_tables().print(text)
    codes = [
        changed("renew", inventory, said | {"certificate": each}, as_json=as_json, yes=yes, dry_run=dry_run)
        for each in reasons
    ]
    return max(codes, default=0)


def _of_acme(loaded: Loaded, name: str) -> list[str]:
    """Name the certificates that ACME issues, or the one that is meant."""
    if name:
        return [certificate_of(loaded.environment.system, name).name]
    tls = loaded.environment.system.edge.tls
    found = [each.name for each in tls.certificates.values() if each.source == "acme"] if tls else []
    if not found:
        raise BadInput(
            f"{loaded.environment.system.name} has no certificate `from: acme`", next_step="fab certificate.status"
        )
    return found


def _due(seen: Status, wanted: list[str]) -> dict[str, str]:
    """Tell which are due, and why. A host that cannot be asked makes none due: a deploy would not reach it either."""
    found: dict[str, str] = {}
    for row in seen.rows:
        certificate, chain = row.seen.certificate, row.seen.chain
        if certificate not in wanted or certificate in found or chain is None:
            continue
        left, life = chain.left(seen.now), chain.life
        if chain.is_placeholder:
            found[certificate] = "there is a placeholder only"
        elif not chain.fits(row.seen.name):
            found[certificate] = f"it is not for {row.seen.name}"
        elif due(left, life=life):
            found[certificate] = f"due: {left / life:.0%} of its life is left"
    for each in seen.between:
        found |= {
            row.seen.certificate: each.text
            for row in seen.rows
            if row.seen.name == each.what and row.seen.certificate in wanted
        }
    return found


def looked(here: Inventory, loaded: Loaded) -> Status:
    """Ask for every name, and the authorities where they can be asked."""
    from handrail.control import ocsp  # noqa: PLC0415  # each verb imports what it needs
    from handrail.control.certificates import has_certificates, judged, status  # noqa: PLC0415
    from handrail.hosts.roots import known_roots  # noqa: PLC0415

    environment = loaded.environment
    if not has_certificates(environment):
        raise BadInput(
            f"{environment.system.name} on {environment.name} has neither edge.tls nor certificates.endpoints",
            next_step="docs/how-to/certificates.md",
        )
    roots = known_roots(environment.system, loaded.base)
    if environment.on_ecs:
        from handrail.control import cloud_certificates  # noqa: PLC0415  # boto3 only where AWS is used

        seen = cloud_certificates.status(environment, roots)
    else:
        with Connections(here) as connections:
            seen = status(environment, connections, roots)
    told = ocsp.statuses(row.seen.chain for row in seen.rows if row.seen.chain)
    return judged(environment, [row.seen for row in seen.rows], roots, seen.now, told) if told else seen


def _table(title: str, seen: Status) -> None:
    out = console_for_tables()
    out.print(f"[bold]{escape(title)}[/] [{COLOURS[seen.level]}]{seen.level}[/]")
    table = Table("", "host", "name", "until", "issuer", "key", "serial", "OCSP", "", box=None, padding=(0, 2))
    for row in seen.rows:
        chain, level = row.seen.chain, row.finding.level
        facts = (
            (f"{chain.leaf.not_valid_after_utc:%Y-%m-%d %H:%M}", escape(chain.issuer), chain.key, chain.serial[-16:])
            if chain
            else ("-", "-", "-", "-")
        )
        coloured = f"[{COLOURS[level]}]{level}[/]"
        table.add_row(coloured, row.finding.host, row.seen.name, *facts, row.ocsp or "-", escape(row.finding.text))
    out.print(table, soft_wrap=True)
    for each in seen.between:
        out.print(f"[{COLOURS[each.level]}]{each.level}[/] {each.what}: {escape(each.text)}", soft_wrap=True)
