"""Start, stop and vacuum the datastores of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.script import shell_line
from handrail.hosts.survey import unit_of
from handrail.orchestration.commands.unit import put_unit
from handrail.runtimes import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handrail.hosts.script import Command
    from handrail.model.datastore import Datastore
    from handrail.model.step import Step
    from handrail.orchestration.run import Run

# How long a datastore may take from its start to its first answer: a recovery from a crash takes a while.
ANSWER_SECONDS = 60
LOG_LINES = 20
# Some hundred gigabytes; vacuum can be ended at any moment, and keeps what it has done.
VACUUM_SECONDS = 3600


def datastores(verb: str) -> Callable[[Run, Step, str], Sequence[Command]]:
    """Make the builder that starts or stops the datastores of a host."""

    def build(run: Run, step: Step, host: str) -> Sequence[Command]:
        todo: list[Command] = []
        for store in run.environment.datastores_on(host):
            if verb == "start":
                todo += put_unit(run, store.runtime, unit_of(run.environment.system, store), store.file)
            todo.append(_command(run, verb, store))
        return todo

    return build


def _command(run: Run, verb: str, store: Datastore) -> Command:
    units, unit = UNITS[store.runtime], unit_of(run.environment.system, store)
    secret = run.secrets[store.password.secret].reveal() if store.password and verb == "start" else ""
    arguments = (
        verb, store.name, shell_line([units.start(unit)]), shell_line([units.stop(unit)]),
        shell_line([units.log(unit, lines=LOG_LINES)]), units.inside(unit), store.kind, str(store.port),
        store.user or "", store.database or "", str(ANSWER_SECONDS),
    )  # fmt: skip
    return run.fenced(["answers", "datastore"], arguments, seconds=ANSWER_SECONDS + 30, stdin=secret)


def vacuum(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Vacuum and analyze each PostgreSQL of a host; nothing is locked that readers or writers need."""
    return [_vacuum(run, store) for store in run.environment.datastores_on(host) if store.kind == "postgresql"]


def _vacuum(run: Run, store: Datastore) -> Command:
    inside = UNITS[store.runtime].inside(unit_of(run.environment.system, store))
    secret = run.secrets[store.password.secret].reveal() if store.password else ""
    arguments = (store.name, inside, str(store.port), store.user or "", store.database or "", str(VACUUM_SECONDS))
    return run.fenced(["answers", "vacuum"], arguments, seconds=VACUUM_SECONDS + 30, stdin=secret)
