"""Notifications: try a channel, and see what was sent."""

from fabric import task

from tasks.options import HELP


@task(
    name="test",
    help={"channel": "a channel of the environment, or all", "inventory": HELP["inventory"], "json": HELP["json"]},
)
def try_(c, channel, inventory=None, json=False):
    """Send a test message to a channel; exit 1 when it does not arrive."""
    from handrail.control.notify import run_test  # noqa: PLC0415  # imports what `fab --list` need not wait for

    run_test(inventory, channel, as_json=json)


@task(
    name="list",
    help={
        "inventory": HELP["inventory"],
        "since": "days such as 30d, or a day such as 2026-01-31",
        "json": HELP["json"],
    },
)
def list_(c, inventory=None, since="30d", json=False):
    """List what was sent, when, by which channel, how often it was tried; exit 1 when something did not arrive."""
    from handrail.control.notify import show_list  # noqa: PLC0415  # likewise

    show_list(inventory, since=since, as_json=json)
