"""Updates of packages: what there is, and installing it, one host after the other."""

from fabric import task

from tasks.options import CHANGE_HELP, HELP, asked, changing, how


@task(help={"inventory": HELP["inventory"], "json": HELP["json"]})
def report(c, inventory=None, json=False):
    """Show updates of packages and what npm and pip say of services; exit 1 on updates, 2 on any for security."""
    from handrail.control.updates import show_updates  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_updates(inventory, as_json=json)


@task(
    help=CHANGE_HELP
    | {
        "all": "all updates; those for security alone if left out",
        "security": "those for security alone, as if left out",
        "limit": "this host alone",
        "reboot": "reboot a host whose updates ask for that",
    },
    auto_shortflags=False,
)
def apply(
    c, all=False, security=False, limit="", reboot=False, inventory=None, change="", emergency=False, reason="",  # noqa: A002 - the option's name
    json=False, yes=False, dry_run=False,
):  # fmt: skip
    """Install updates, one host after the other: out of traffic, update, check, back; the first failure is the last."""
    from handrail.control.updates import apply_updates  # noqa: PLC0415  # likewise

    said = asked({"change": change, "emergency": emergency, "reason": reason})
    words = {"all": "yes" if all else "", "limit": limit, "reboot": "yes" if reboot else ""}
    apply_updates(inventory, said | words, security=security, **how({"json": json, "yes": yes, "dry_run": dry_run}))


@changing(host="the host that is out of traffic", auto_shortflags=False)
def back(c, host):
    """Put the host that an update left out of traffic back into it, once it is well; no other host is asked to be."""
    return "back", {"limit": host}
