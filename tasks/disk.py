"""Disks: what fills them, and the rotation of logs that keeps them from it."""

from fabric import task

from tasks.options import HELP


@task(
    help={
        "inventory": HELP["inventory"],
        "free": "free it; asks first",
        "json": HELP["json"],
        "yes": HELP["yes"],
        "dry_run": "change nothing, with --free as well",
    }
)
def disk(c, inventory=None, free=False, json=False, yes=False, dry_run=False):
    """Show what could be freed on each host and what is large there; --free frees it."""
    from handrail.control.disk import free_disk, show_disk  # noqa: PLC0415  # imports what `fab --list` need not wait for

    if free and not dry_run:
        free_disk(inventory, as_json=json, yes=yes)
    show_disk(inventory, as_json=json)


@task(help=HELP | {"force": "rotate now"})
def logrotate(c, inventory=None, force=False, json=False, yes=False, dry_run=False):
    """Install the rotation of a system's logs on all its hosts."""
    from handrail.control.verbs import run_change  # noqa: PLC0415  # likewise

    data = {"force": "yes" if force else ""}
    run_change("logrotate", inventory, data, as_json=json, yes=yes, dry_run=dry_run)
