"""The worker, which runs windows and scheduled tasks when they are due."""

from fabric import task


@task(
    help={
        "inventory": "run the scheduled tasks of this inventory, too; several with commas between them",
        "unit": "print a systemd unit for it instead",
    }
)
def worker(c, inventory="", unit=False):
    """Run windows when they are due, and go on with those of a worker that died; scheduled tasks, too, if asked."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # imports what `fab --list` need not wait for

    if unit:
        verbs.unit(inventory)
    else:
        verbs.worker(inventory)
