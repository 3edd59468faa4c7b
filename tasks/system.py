"""A whole system: start, stop, status, health, and whether it is as described."""

from fabric import task

from tasks.options import HELP, changing


@changing(keep_page="leave a maintenance page up; traffic is let in by `fab maintenance-page off`")
def startup(c, keep_page=False):
    """Start everything in the order of its needs, each part once the one before is healthy."""
    return "startup", {"keep_page": "yes" if keep_page else ""}


@changing(with_database="stop the datastores, too")
def shutdown(c, with_database=False):
    """Hold traffic, then stop everything in reverse order; datastores only when asked."""
    return "shutdown", {"with_database": "yes" if with_database else ""}


@changing(state="on or off", message="what clients read; the one in the YAML if left out")
def maintenance_page(c, state, message=""):
    """Hold traffic with a page that says why, or let requests in again."""
    return f"maintenance-page {state}", {"message": message}


@task(help={"inventory": HELP["inventory"], "json": HELP["json"]})
def status(c, inventory=None, json=False):
    """Show every service in both slots, the datastores, the edges and the lease."""
    from handrail.control.verbs import show_status  # noqa: PLC0415  # likewise

    show_status(inventory, as_json=json)


@task(help={"inventory": HELP["inventory"], "json": HELP["json"]})
def health(c, inventory=None, json=False):
    """Ask everything from the database to the edge: OK, WARN and ALERT lines; exit 1 on an ALERT."""
    from handrail.control.verbs import show_health  # noqa: PLC0415  # likewise

    show_health(inventory, as_json=json)


@task(help={"inventory": HELP["inventory"], "json": HELP["json"]})
def verify(c, inventory=None, json=False):
    """Check with Testinfra that every host is as the system's YAML says."""
    from handrail.control.verbs import run_verify  # noqa: PLC0415  # likewise

    run_verify(inventory, as_json=json)


@task(help={"output": "the file to write"})
def schema(c, output="docs/reference/system.schema.json"):
    """Write the JSON Schema of a system's YAML, for editors."""
    from handrail.control.verbs import write_schema  # noqa: PLC0415  # likewise

    write_schema(output)
