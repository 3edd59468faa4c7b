"""Releases: deploy, roll back, restart, and what was deployed."""

from fabric import task

from tasks.options import HELP


@task(
    help=HELP
    | {
        "release": "the version to deploy",
        "share": "canary: 1, 5, 10, 25 or 50 percent first",
        "sha256": "its digest, if no file holds it",
    }
)
def deploy(c, release, inventory=None, share=0, sha256="", json=False, yes=False, dry_run=False):
    """Deploy a release blue-green; it goes back by itself if anything fails."""
    from handrail.control.verbs import run_change  # noqa: PLC0415  # imports what `fab --list` need not wait for

    data = {"release": release, "share": str(share or ""), "sha256": sha256}
    run_change("deploy", inventory, data, as_json=json, yes=yes, dry_run=dry_run)


@task(
    help=HELP | {"release": "a good release that is still on the hosts; the last one before the live one if left out"}
)
def rollback(c, release="", inventory=None, json=False, yes=False, dry_run=False):
    """Go back to the last good release, or to a named one."""
    from handrail.control.verbs import run_change  # noqa: PLC0415  # likewise

    run_change("rollback", inventory, {"release": release}, as_json=json, yes=yes, dry_run=dry_run)


@task(help=HELP)
def restart(c, inventory=None, json=False, yes=False, dry_run=False):
    """Restart the live release through the idle slot; no request is dropped."""
    from handrail.control.verbs import run_change  # noqa: PLC0415  # likewise

    run_change("restart", inventory, {}, as_json=json, yes=yes, dry_run=dry_run)


@task(
    help=HELP | {"service": "which service", "instances": "how many of it on each of its hosts"},
    auto_shortflags=False,
)
def scale(c, service, instances, inventory=None, json=False, yes=False, dry_run=False):
    """Run another number of instances of a service; no request is dropped."""
    from handrail.control.verbs import run_change  # noqa: PLC0415  # likewise

    data = {"service": service, "count": str(instances)}
    run_change("scale", inventory, data, as_json=json, yes=yes, dry_run=dry_run)


@task(help={"inventory": HELP["inventory"], "json": HELP["json"], "lines": "how many runs"})
def history(c, inventory=None, lines=20, json=False):
    """Show who did what when, and how it ended."""
    from handrail.control.verbs import show_history  # noqa: PLC0415  # likewise

    show_history(inventory, lines=int(lines), as_json=json)
