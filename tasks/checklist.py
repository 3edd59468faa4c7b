"""The pre-deployment checklist."""

from fabric import task

from tasks.options import HELP


@task(help={"release": "the version to deploy", "inventory": HELP["inventory"], "json": HELP["json"]})
def checklist(c, release, inventory=None, json=False):
    """Answer every item of the checklist of an environment; exit 3 when one is a no."""
    from handrail.control.checklist import show_checklist  # noqa: PLC0415  # what `fab --list` need not wait for

    show_checklist(release, inventory, as_json=json)
