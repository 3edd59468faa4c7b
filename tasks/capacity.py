"""Capacity: whether there is enough of everything on ECS, and not too much."""

from fabric import task

from tasks.options import HELP


@task(
    help={
        "inventory": HELP["inventory"],
        "since": "hours or days such as 24h or 7d; 63d at the most",
        "plot": "write a picture, too: a file that ends in .svg or .png",
        "json": HELP["json"],
    }
)
def capacity(c, inventory=None, since="24h", plot="", json=False):
    """Compare the load on ECS with the rules of scaling, say what to change; exit 1 if anything, 2 at a limit."""
    from handrail.control.capacity import show_capacity  # noqa: PLC0415  # imports what `fab --list` need not wait for

    show_capacity(inventory, since=since, plot=plot, as_json=json)
