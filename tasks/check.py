"""Checks: lists of them by day, week and month, a watch after a change, and variables."""

from fabric import task

from tasks.options import HELP


@task(
    help={
        "period": "daily, weekly or monthly; or checks by their names, such as disk,errors",
        "inventory": HELP["inventory"],
        "json": HELP["json"],
    }
)
def check(c, period, inventory=None, json=False):
    """Compare what the hosts say with the system's thresholds; exit 1 on a WARN, 2 on an ALERT."""
    from handrail.control.looks import show_check  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_check(period, inventory, as_json=json)


@task(
    help={
        "inventory": HELP["inventory"],
        "minutes": "for how long",
        "every": "pause between two looks, such as 10s",
        "json": "one JSON object a line",
    }
)
def watch(c, inventory=None, minutes="30", every="10s", json=False):
    """Watch health and traffic after a change; end early with 2 when an ALERT stays."""
    from handrail.control.looks import run_watch  # noqa: PLC0415  # likewise

    run_watch(inventory, minutes=minutes, every=every, as_json=json)


@task(
    help={"service": "one service; all if left out", "inventory": HELP["inventory"], "json": HELP["json"]},
)
def config(c, service="", inventory=None, json=False):
    """Name variables of services that are missing, empty or stale, here and in what runs; values are never shown."""
    from handrail.control.looks import show_config  # noqa: PLC0415  # likewise

    show_config(service, inventory, as_json=json)
