"""Certificates of the edge: what is served, deploy one, have one issued."""

from fabric import task

from tasks.options import CHANGE_HELP, HELP, asked, changing, how


@task(help={"inventory": HELP["inventory"], "json": HELP["json"]})
def status(c, inventory=None, json=False):
    """Show what every edge serves by SNI and what its files say; exit 1 on a WARN, 2 on an ALERT."""
    from handrail.control.certificate import show_certificates  # noqa: PLC0415  # imports what `fab --list` need not

    show_certificates(inventory, as_json=json)


@changing(
    auto_shortflags=False,
    name="which certificate of edge.tls",
    cert="file with the certificate, its chain perhaps behind it",
    key="file with its key",
    chain="file with the chain, if --cert has none",
)
def deploy(c, name, cert, key, chain=""):
    """Put a certificate on every edge and prove that it is served; else the old one comes back everywhere."""
    return "certificate", {"certificate": name, "cert": cert, "key": key, "chain": chain}


@task(
    help=CHANGE_HELP | {"name": "which certificate; all that are due if left out", "force": "also if it is not due"},
    auto_shortflags=False,
)
def renew(
    c, name="", force=False, inventory=None, change="", emergency=False, reason="", json=False, yes=False, dry_run=False
):
    """Have certificates issued by ACME that are due, and deploy them."""
    from handrail.control.certificate import renew_certificates  # noqa: PLC0415  # likewise

    said = asked({"change": change, "emergency": emergency, "reason": reason})
    renew_certificates(inventory, name, said, force=force, **how({"json": json, "yes": yes, "dry_run": dry_run}))
