"""Certificates of the edge: what is served."""

from fabric import task

from tasks.options import HELP


@task(help={"inventory": HELP["inventory"], "json": HELP["json"]})
def status(c, inventory=None, json=False):
    """Show what every edge serves by SNI and what its files say; exit 1 on a WARN, 2 on an ALERT."""
    from handrail.control.certificate import show_certificates  # noqa: PLC0415  # imports what `fab --list` need not

    show_certificates(inventory, as_json=json)
