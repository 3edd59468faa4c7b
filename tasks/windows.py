"""Windows: when an environment may be changed."""

from fabric import task

from tasks.options import HELP


@task(
    help={
        "inventory": HELP["inventory"],
        "days": "for how many days, today among them",
        "json": HELP["json"],
    }
)
def windows(c, inventory=None, days="14", json=False):
    """Show when changes may be made in the coming days, in local time and UTC, and what is frozen."""
    from handrail.control.windows import show_windows  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_windows(inventory, days=days, as_json=json)
