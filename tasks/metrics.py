"""Metrics: how often, how fast and how well a system is deployed."""

from fabric import task


@task(
    help={
        "inventory": "inventory file; HANDRAIL_INVENTORY if left out; all systems of the journal without either",
        "since": "days such as 90d, or a day such as 2026-01-31",
        "plot": "write a picture, too: a file that ends in .svg or .png",
        "json": "one JSON object on standard output, for machines",
    }
)
def metrics(c, inventory=None, since="90d", plot="", json=False):
    """Show deployment frequency, lead time, change failure rate, recovery time and rollback time, from the journal."""
    from handrail.control.metrics import show_metrics  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_metrics(inventory, since=since, plot=plot, as_json=json)
