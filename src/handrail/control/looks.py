"""What the tasks check, watch and config do; their exit codes say how bad it is."""

from __future__ import annotations

from datetime import timedelta

from handrail.control import tables, ways
from handrail.control.connections import Connections
from handrail.control.task import exits, opened
from handrail.errors import BadInput
from handrail.model import duration
from handrail.model.level import worst

# A day; more than that is monitoring, which this is not.
MOST_MINUTES = 24 * 60
# A look takes about as long on hosts that are near.
LEAST_PAUSE = timedelta(seconds=1)


@exits
def show_check(period: str, inventory: str | None, *, as_json: bool) -> int:
    """Show the findings of a list of checks; 1 when one is a WARN, 2 when one is an ALERT."""
    here = opened(inventory)
    loaded = here.load()
    system = loaded.environment.system
    names = system.checks.named(period)
    with Connections(here) as connections:
        found = ways.check(loaded, connections, names)
    level = worst(finding.level for findings in found.values() for finding in findings)
    tables.check(f"{system.name} on {loaded.environment.name}", period, found, level, as_json=as_json)
    return level.rank


@exits
def run_watch(inventory: str | None, *, minutes: str, every: str, as_json: bool) -> int:
    """Watch for some minutes; 2 as soon as an ALERT stays, 1 when there were WARNs or it was interrupted."""
    from handrail.control.screen import Screen  # noqa: PLC0415  # each verb imports what it needs
    from handrail.control.watch import watch  # noqa: PLC0415

    lasts, pause = _minutes(minutes), _every(every)
    here = opened(inventory)
    loaded = here.load()
    environment = loaded.environment
    title = f"{environment.system.name} on {environment.name}: watched for {duration.text(lasts)}"
    screen = Screen(title, environment.system, lasts=lasts, as_json=as_json)
    with Connections(here) as connections:
        look_again = ways.poll(loaded, connections)
        with screen:
            ending = watch(look_again, screen, environment.system, lasts=lasts, every=pause)
        screen.end(ending)
    return ending.exit_code


def _minutes(written: str) -> timedelta:
    try:
        minutes = float(written)
    except ValueError:
        minutes = 0
    if not 0 < minutes <= MOST_MINUTES:
        raise BadInput(f"--minutes {written}; allowed: a number above 0, {MOST_MINUTES} at the most")
    return timedelta(minutes=minutes)


def _every(written: str) -> timedelta:
    try:
        every = duration.parse(written)
    except ValueError:
        every = timedelta()
    if every < LEAST_PAUSE:
        raise BadInput(f"--every {written}; allowed: a duration with its unit, 1s or more, such as 10s")
    return every


@exits
def show_config(service: str, inventory: str | None, *, as_json: bool) -> int:
    """Show the variables that services need; 1 when one is missing or empty, or a program does not run."""
    from handrail.control.variables import chosen  # noqa: PLC0415

    here = opened(inventory)
    loaded = here.load()
    services = chosen(loaded.environment.system, service)
    with Connections(here) as connections:
        seen = ways.variables(loaded, connections, services)
    tables.variables(seen, as_json=as_json)
    return seen.exit_code
