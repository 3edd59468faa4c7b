"""The worker, which runs windows when they are due."""

from fabric import task


@task(help={"unit": "print a systemd unit for it instead"})
def worker(c, unit=False):
    """Run windows when they are due, and go on with those of a worker that died."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # imports what `fab --list` need not wait for

    (verbs.unit if unit else verbs.worker)()
