"""Logs of a service."""

from fabric import task

from tasks.options import HELP


@task(
    help={
        "service": "a service, a datastore, edge, or all; from all its hosts",
        "inventory": HELP["inventory"],
        "since": "30s, 5m, 2h, 1d, or a date such as '2026-01-31 22:00'",
        "grep": "only lines that this regular expression finds",
        "lines": "the last so many lines of each host; 0 for all",
        "follow": "go on until Ctrl-C",
        "output": "write to this file",
        "json": "one JSON object a line",
    }
)
def logs(c, service, inventory=None, since="", grep="", lines="100", follow=False, output="", json=False):
    """Search or follow the logs of a service on all its hosts, merged by time."""
    from handrail.control.verbs import show_logs  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_logs(inventory, service, since=since, grep=grep, lines=lines, follow=follow, output=output, as_json=json)
