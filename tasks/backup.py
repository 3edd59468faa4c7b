"""Backups: dumps of the databases, taken and proved, and those that are there."""

from fabric import task

from tasks.options import HELP, changing


@changing()
def take(c):
    """Dump every PostgreSQL database of the system, and prove that the dumps can be read."""
    return "backup", {}


@task(
    name="list",
    help={
        "inventory": HELP["inventory"],
        "verify": "read every dump and compare it with its digest; exit 1 when one differs",
        "json": HELP["json"],
    },
)
def list_(c, inventory=None, verify=False, json=False):
    """List the dumps on each host: age, size, digest, and the release that was live when it was taken."""
    from handrail.control.backup import show_backups  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_backups(inventory, verify=verify, as_json=json)
