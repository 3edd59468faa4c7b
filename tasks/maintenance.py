"""Maintenance windows: planned, booked, run, undone."""

from fabric import task

from tasks.options import HELP

FILE = "the window: a YAML file, or a Python file with a function `window`"
ID = "the window's id, as `fab maintenance.list` shows it"


@task(help={"file": FILE, "at": "when it begins, local time of the environment; now if left out"} | {
    key: HELP[key] for key in ("inventory", "json")})  # fmt: skip
def plan(c, file, at="", inventory=None, json=False):
    """Show what a window would do, step by step, how each task is undone, and whether the rules allow it then."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # imports what `fab --list` need not wait for

    verbs.plan(file, inventory, at=at, as_json=json)


@task(help={"file": FILE, "at": 'when it begins, such as "2026-12-03 22:00"'} | {
    key: HELP[key] for key in ("inventory", "json", "yes")})  # fmt: skip
def schedule(c, file, at="", inventory=None, yes=False, json=False):
    """Book a window; a worker announces it and runs it."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # likewise

    verbs.schedule(file, inventory, at=at, yes=yes, as_json=json)


@task(help={"file": FILE} | {key: HELP[key] for key in ("inventory", "json", "yes")})
def run(c, file, inventory=None, yes=False, json=False):
    """Run a window now; it survives this terminal, and goes on elsewhere."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # likewise

    verbs.run(file, inventory, yes=yes, as_json=json)


@task(help={"window": f"{ID}; the one under way, or the newest", "json": HELP["json"]}, optional=["window"])
def status(c, window="", json=False):
    """Show a window step by step."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # likewise

    verbs.status(window, as_json=json)


@task(help={"window": ID, "json": HELP["json"]})
def resume(c, window, json=False):
    """Go on with a window that an older engine began, or that could not let traffic in."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # likewise

    verbs.resume(window, as_json=json)


@task(help={"window": ID, "reason": "why", "json": HELP["json"]})
def abort(c, window, reason="", json=False):
    """Have a window undone: what is under way is interrupted, what was done is undone, traffic is let in."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # likewise

    verbs.abort(window, reason=reason, as_json=json)


@task(name="list", help={"json": HELP["json"]})
def list_(c, json=False):
    """List windows: booked, under way, over."""
    from handrail.maintenance import verbs  # noqa: PLC0415  # likewise

    verbs.every(as_json=json)
