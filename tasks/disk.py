"""Disks: what fills them, and the rotation of logs that keeps them from it."""

from fabric import task

from tasks.options import CHANGE_HELP, asked, changing


@task(help=CHANGE_HELP | {"free": "free it; asks first", "dry_run": "change nothing, with --free as well"})
def disk(c, free=False, inventory=None, change="", emergency=False, reason="", json=False, yes=False, dry_run=False):
    """Show what could be freed on each host and what is large there; --free frees it."""
    from handrail.control.disk import free_disk, show_disk  # noqa: PLC0415  # imports what `fab --list` need not wait for

    if free and not dry_run:
        said = asked({"change": change, "emergency": emergency, "reason": reason})
        free_disk(inventory, said, as_json=json, yes=yes)
    show_disk(inventory, as_json=json)


@changing(force="rotate now")
def logrotate(c, force=False):
    """Install the rotation of a system's logs on all its hosts."""
    return "logrotate", {"force": "yes" if force else ""}
