"""Start and stop the datastores of a host."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handrail.hosts.script import Command
    from handrail.model.rollout import Step
    from handrail.orchestration.run import Run


def datastores(verb: str) -> Callable[[Run, Step, str], Sequence[Command]]:
    """Make the builder that starts or stops the datastores of a host."""

    def build(run: Run, step: Step, host: str) -> Sequence[Command]:
        todo = []
        for store in run.environment.datastores_on(host):
            secret = run.secrets[store.password.secret].reveal() if store.password and verb == "start" else ""
            arguments = (
                verb,
                store.name,
                store.kind,
                store.unit,
                str(store.port),
                store.user or "",
                store.database or "",
                "60",
            )
            todo.append(run.fenced(["answers", "datastore"], arguments, seconds=90, stdin=secret))
        return todo

    return build
