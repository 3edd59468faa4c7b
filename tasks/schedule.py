"""Schedules: what is done each day, week, month and quarter."""

from fabric import task

from tasks.options import HELP, NameOrDue

COMMON = {"inventory": HELP["inventory"], "json": HELP["json"]}


@task(name="list", help=COMMON)
def list_(c, inventory=None, json=False):
    """Show the tasks: owner, when, last result, next time in local time and UTC; exit 1 when one is overdue."""
    from handrail.control.schedule_tasks import list_tasks  # noqa: PLC0415  # imports what `fab --list` need not wait for

    list_tasks(inventory, as_json=json)


@task(
    help=COMMON
    | {
        "name": "the task to run now",
        "due": "all that are due; what cron, a timer or a worker runs",
        "done": "a person has done it",
        "text": "with --done: what was done and found",
        "level": "with --done: OK, WARN or ALERT; OK if left out",
    },
    auto_shortflags=False,
    klass=NameOrDue,
)
def run(c, name, due=False, done=False, text="", level="OK", inventory=None, json=False):
    """Run a task now, or all that are due, or write down what a person did; exit 1 on a WARN, 2 on an ALERT."""
    from handrail.control import schedule_tasks as tasks  # noqa: PLC0415  # likewise

    if due:
        tasks.run_due_tasks(inventory, beside=name or "--done" * done, as_json=json)
    elif done:
        tasks.note_done(inventory, name, text=text, level=level, as_json=json)
    tasks.run_task(inventory, name, as_json=json)


@task(
    help=COMMON | {"name": "one task; all if left out", "lines": "how many runs"},
    auto_shortflags=False,
)
def history(c, name="", lines="20", inventory=None, json=False):
    """Show the runs of tasks, the newest last."""
    from handrail.control.schedule_tasks import show_history  # noqa: PLC0415  # likewise

    show_history(inventory, name, lines=str(lines), as_json=json)


@task(help={"inventory": HELP["inventory"], "output": "a folder to write them to; printed if left out"})
def unit(c, output="", inventory=None):
    """Make a service and a timer for systemd that run what is due every five minutes."""
    from handrail.control.schedule_tasks import write_units  # noqa: PLC0415  # likewise

    write_units(inventory, output=output)
