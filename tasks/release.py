"""Releases: deploy, roll back, restart, and what was deployed."""

from fabric import task

from tasks.options import HELP, changing


@changing(
    release="the version to deploy",
    share="canary: 1, 5, 10, 25 or 50 percent first",
    sha256="its digest, if no file holds it",
)
def deploy(c, release, share="", sha256=""):
    """Deploy a release blue-green; it goes back by itself if anything fails."""
    return "deploy", {"release": release, "share": share, "sha256": sha256}


@changing(release="a good release that is still on the hosts; the last one before the live one if left out")
def rollback(c, release=""):
    """Go back to the last good release, or to a named one."""
    return "rollback", {"release": release}


@changing()
def restart(c):
    """Restart the live release through the idle slot; no request is dropped."""
    return "restart", {}


@changing(release="a good release that is still on the hosts; the live one if left out, where the next rollback goes")
def rehearse(c, release=""):
    """Rehearse a rollback: start its release in the idle slot, measure, stop it again; traffic does not move."""
    return "rehearse", {"release": release}


@changing(auto_shortflags=False, service="which service", instances="how many of it on each of its hosts")
def scale(c, service, instances):
    """Run another number of instances of a service; no request is dropped."""
    return "scale", {"service": service, "count": str(instances)}


@task(help={"inventory": HELP["inventory"], "json": HELP["json"], "lines": "how many runs"})
def history(c, inventory=None, lines="20", json=False):
    """Show who did what when, and how it ended."""
    from handrail.control.verbs import show_history  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_history(inventory, lines=lines, as_json=json)
