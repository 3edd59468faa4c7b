"""Maintenance: what is done in a window, in which order, and how each task is undone. A file describes one."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from handrail.errors import ReleaseUnknown
from handrail.model.duration import Duration, SomeTime, text
from handrail.model.notation import Command, Line, Name
from handrail.model.value import Value, unfit
from handrail.model.version import checked_version

NOTHING: Literal["nothing"] = "nothing"
KINDS = ("vacuum", "updates", "deploy", "restart", "command")
# What the file's tasks say of themselves where they say nothing else.
UNDONE_BY = {
    "vacuum": "nothing is to be undone",
    "updates": "nothing undoes it: packages are not downgraded",
    "restart": "nothing is to be undone",
    "deploy": "fab rollback",
}


def _version(written: str) -> str:
    try:
        return checked_version(written)
    except ReleaseUnknown as error:
        raise unfit("a version such as 1.4.2", found=error.message) from None


class Task(Value):
    """One thing that is done while the system is stopped, or held."""

    task: Line = Field(description="What is done, in the operator's words; each task has words of its own.")
    vacuum: Literal[True] | None = Field(default=None, description="true: vacuum and analyze the databases.")
    updates: Literal["security", "all"] | None = Field(
        default=None, description="security or all: update the packages, one host after the other; nothing undoes that."
    )
    deploy: Annotated[str, AfterValidator(_version)] | None = Field(
        default=None, description="A release, which is deployed with its migrations; undone by a rollback."
    )
    restart: Literal[True] | None = Field(default=None, description="true: restart the live release.")
    command: Command | None = Field(
        default=None, description="Run on the operator's machine, without a shell, in the project's folder."
    )
    done_when: Command | None = Field(
        default=None,
        description="Asked before a command that was broken off is run again: exit code 0, and it was done already.",
    )
    undo: Command | Literal["nothing"] | None = Field(
        default=None, description="How a command is undone: another command, or the word nothing."
    )
    takes: SomeTime = Field(
        default=timedelta(minutes=10), description="How long it may take; after that it is ended and has failed."
    )
    undo_takes: SomeTime = Field(default=timedelta(minutes=5), description="How long undoing it may take.")

    @property
    def kind(self) -> str:
        """Which kind of task it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def undone_by(self) -> str:
        """Say how it is undone."""
        if self.kind != "command":
            return UNDONE_BY[self.kind]
        return "nothing undoes it" if self.undo == NOTHING else " ".join(self.undo or ())

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise unfit(f"exactly one of {', '.join(KINDS)}", found=" and ".join(given) or "none of them")
        if given == ["command"] and self.undo is None:
            raise unfit("undo beside command: how it is undone, or the word nothing", found="no undo")
        for option in ("undo", "done_when"):
            if given != ["command"] and getattr(self, option) is not None:
                raise unfit(f"no {option} beside {given[0]}, which knows its own", found=option)
        return self


def _own_words(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    words = [each.task for each in tasks]
    if not words:
        raise unfit("at least one task", found="an empty list")
    for name in words:
        if words.count(name) > 1:
            raise unfit("tasks with words of their own", found=f"two with {name!r}")
    return tuple(tasks)


class Maintenance(Value):
    """A maintenance window: what is announced, done, verified and watched."""

    window: Name = Field(description="Its name; the record of each one has it and the moment that it begins.")
    system: Name = Field(description="The system that it is for.")
    lasts: SomeTime = Field(description="How long it lasts, announced as such; the page is down again by then.")
    announce: tuple[SomeTime, ...] = Field(
        default=(timedelta(hours=24), timedelta(hours=1)), description="How long before it begins it is announced."
    )
    backup: bool = Field(default=True, description="Whether databases are dumped before anything is done.")
    stop: bool = Field(default=True, description="Whether the services are stopped; false: they are held, and go on.")
    message: Line = Field(
        default="Maintenance in progress; please try again later.", description="What clients read meanwhile."
    )
    backup_takes: SomeTime = Field(default=timedelta(minutes=30), description="How long the dumps may take.")
    closing: SomeTime = Field(
        default=timedelta(minutes=5), description="Time that is kept to start, to verify and to take the page down."
    )
    tasks: Annotated[tuple[Task, ...], AfterValidator(_own_words)] = Field(description="What is done, in this order.")
    monitor: Duration = Field(default=timedelta(minutes=30), description="How long the system is watched afterwards.")

    @property
    def needs(self) -> timedelta:
        """How long it may take when all goes well."""
        tasks = sum((each.takes for each in self.tasks), timedelta())
        return (self.backup_takes if self.backup else timedelta()) + tasks + self.closing

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.needs > self.lasts:
            raise unfit(
                f"lasts of {text(self.needs)} or more: all that is to be done may take so long",
                found=f"lasts of {text(self.lasts)}",
            )
        return self
