"""The journal: verify it, export a part of it, prune what is old, show a record."""

from fabric import task

JSON = "one JSON object on standard output, for machines"


@task(
    help={
        "export": "verify this export instead; needs no journal and no other file",
        "heads": "a file with heads that were kept elsewhere, such as those on hosts, one a line",
        "keys": "a file with the public journal keys whose heads count, one a line; any if left out",
        "inventory": "compare with the heads that the hosts of this inventory keep, too",
        "known-journal": "ids of other journals whose heads may lie beside those of this one, with commas between",
        "json": JSON,
    }
)
def verify(c, export="", heads="", keys="", inventory="", known_journal="", json=False):
    """Find edited, removed, inserted, reordered and truncated records; exit 1 and name them if there are any."""
    from handrail.control.audit import run_verify  # noqa: PLC0415  # imports what `fab --list` need not wait for

    run_verify(exported=export, heads=heads, keys=keys, inventory=inventory, known=known_journal, as_json=json)


@task(
    help={
        "since": "the first day (UTC), or a moment such as 2026-01-31T22:00:00Z",
        "until": "the last day, which is in it; all up to now if left out",
        "format": "json, which can be verified, or csv",
        "output": "file to write; a name with the day if left out",
    }
)
def export(c, since, until="", format="json", output=""):  # noqa: A002  # it is what operators type
    """Write a part of the journal to a file that can be verified in another folder."""
    from handrail.control.audit import run_export  # noqa: PLC0415  # likewise

    run_export(since=since, until=until, form=format, output=output)


@task(
    help={
        "access": "days to keep the bodies of records of access; 366 at least",
        "data": "of exports; 1096 at least",
        "change": "of changes; 1096 at least",
        "json": JSON,
    }
)
def prune(c, access="", data="", change="", json=False):
    """Empty the bodies of records that are old enough; a record proves what was there."""
    from handrail.control.audit import run_prune  # noqa: PLC0415  # likewise

    run_prune(days={"access": access, "data": data, "change": change}, as_json=json)


@task(help={"which": "number of a record, id of a run or of a change, or newest", "json": JSON})
def show(c, which, json=False):
    """Show a record, or all of a run or a change, or the newest."""
    from handrail.control.audit import run_show  # noqa: PLC0415  # likewise

    run_show(which, as_json=json)
