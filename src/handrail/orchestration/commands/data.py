"""Start and stop the datastores of a host."""

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
    from handrail.model.rollout import Step
    from handrail.orchestration.run import Run

# How long a datastore may take from its start to its first answer: a recovery from a crash takes a while.
ANSWER_SECONDS = 60
LOG_LINES = 20


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
