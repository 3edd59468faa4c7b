"""Dump the databases of a host, and end a dump that nobody waits for any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.dump import head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Command
    from handrail.model.backup import Backup
    from handrail.model.datastore import Datastore
    from handrail.model.step import Step
    from handrail.orchestration.run import Run

# What a dump may take beyond its deadline: it is ended on the host, which is asked every second.
GRACE_SECONDS = 60
# A program that is told to end, and the server that is asked to end it, both have some seconds.
END_SECONDS = 40


def back_up(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Dump each database of a host, one after the other; the second part ends what may still be under way."""
    databases = run.environment.databases_on(host)
    return [_end(run, *each) if step.part else _take(run, *each) for each in databases]


def _take(run: Run, store: Datastore, backup: Backup) -> Command:
    environment, limit = run.environment, int(backup.deadline.total_seconds())
    facts = (str(limit), store.name, environment.system.name, environment.name, run.plan.live_release)
    words = (*head(environment.system, store, backup), *facts)
    return run.fenced(["dump", "backup_take"], words, seconds=limit + GRACE_SECONDS, stdin=_password(run, store))


def _end(run: Run, store: Datastore, backup: Backup) -> Command:
    words = head(run.environment.system, store, backup)
    return run.fenced(["dump", "backup_end"], words, seconds=END_SECONDS, stdin=_password(run, store))


def _password(run: Run, store: Datastore) -> str:
    return f"{run.secrets[store.password.secret].reveal() if store.password else ''}\n"
