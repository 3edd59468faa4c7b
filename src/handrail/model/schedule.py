"""Schedules: what is to be done each day, week, month and quarter, by whom, and what does it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from handrail.model.check import Check
from handrail.model.duration import SomeTime, text
from handrail.model.finding import near
from handrail.model.notation import Command, Line, Name
from handrail.model.placeholder import names, shown
from handrail.model.value import Named, Rows, Table, Value, unfit
from handrail.model.when import Cadence, When
from handrail.model.zone import TimeZone

KINDS = ("check", "verb", "command", "statement")
PLACEHOLDERS = ("system", "environment")
Period = Literal["daily", "weekly", "monthly"]

Chore = Literal[
    "backup.take", "database.vacuum", "disk", "logrotate", "rehearse", "verify", "config", "audit.verify",
]  # fmt: skip
# What is typed for each. No verb is here that moves traffic or brings a release; rules hold for those that change
# something as if a person had typed them.
CHORES: Mapping[str, tuple[str, ...]] = {
    "backup.take": ("backup.take", "--yes"),
    "database.vacuum": ("database.vacuum", "--yes"),
    "disk": ("disk", "--free", "--yes"),
    "logrotate": ("logrotate", "--yes"),
    "rehearse": ("rehearse", "--yes"),
    "verify": ("verify",),
    "config": ("config",),
    "audit.verify": ("audit.verify",),
}

# A run that takes longer belongs into a maintenance window.
MOST = timedelta(hours=24)
MOST_FOR_PEOPLE = timedelta(days=90)
RUN = timedelta(minutes=10)
# How long people have, when the task does not say: the rest of the day, of the week, and so on.
FOR_PEOPLE: Mapping[Cadence, timedelta] = {
    Cadence.DAILY: timedelta(hours=8),
    Cadence.WEEKLY: timedelta(days=2),
    Cadence.MONTHLY: timedelta(days=7),
    Cadence.QUARTERLY: timedelta(days=14),
    Cadence.HALF_YEARLY: timedelta(days=14),
    Cadence.YEARLY: timedelta(days=28),
}


def _looks(raw: object) -> tuple[str, ...]:
    """Take a list of `fab check`, by its period, or checks by their names."""
    known = (*get_args(Period), *get_args(Check))
    words = (raw,) if isinstance(raw, str) else raw
    if not isinstance(words, list | tuple) or not words:
        raise unfit(f"daily, weekly or monthly, or a list of checks: {', '.join(get_args(Check))}")
    for word in words:
        if word not in known:
            suggestion = near(word, known) if isinstance(word, str) else ""
            raise unfit(f"any of {', '.join(known)}", found=repr(word), suggestion=suggestion)
    return tuple(words)


Looks = Annotated[
    tuple[str, ...],
    BeforeValidator(_looks),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": list(get_args(Period))},
                {"type": "array", "minItems": 1, "items": {"enum": [*get_args(Period), *get_args(Check)]}},
            ]
        }
    ),
]


class Task(Named):
    """One task: when it is due, whose it is, and exactly one of check, verb, command and statement."""

    when: When = Field(description="When it is due, in local time: daily 09:00, Mon 10:00, monthly 2nd week 10:00.")
    owner: Line = Field(description="Who looks after it; whoever is told that it failed reads it.")
    check: Looks | None = Field(
        default=None, description="What `fab check` looks at: daily, weekly or monthly, or a list of checks."
    )
    verb: Chore | None = Field(default=None, description="A verb that may run unattended; the rules hold for it, too.")
    command: Command | None = Field(
        default=None,
        description="Run on the operator's machine without a shell; exit code 0 is OK, 1 a WARN, all else an ALERT.",
    )
    statement: Line | None = Field(
        default=None, description="What a person has to do, and then says with `fab schedule.run NAME --done`."
    )
    deadline: SomeTime | None = Field(
        default=None,
        description="How long a run may take; 10m if left out. For a statement, how long after its time it is overdue; "
        "8h, 48h, 168h, 336h or 672h by how often it is due if left out.",
    )

    @property
    def kind(self) -> str:
        """What does it."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def limit(self) -> timedelta:
        """How long a run may take, or a person may leave it."""
        return self.deadline or (FOR_PEOPLE[self.when.cadence] if self.statement else RUN)

    @field_validator("command")
    @classmethod
    def _fillable(cls, command: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in (name for word in command or () for name in names(word)):
            if name not in PLACEHOLDERS:
                known = ", ".join(f"${{{each}}}" for each in PLACEHOLDERS)
                close = near(name, PLACEHOLDERS)
                raise unfit(f"{known}; $$ is a dollar", found=shown(name), suggestion=close and f"${{{close}}}")
        return command

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise unfit(f"exactly one of {', '.join(KINDS)}", found=" and ".join(given) or "none of them")
        most = MOST_FOR_PEOPLE if self.statement else MOST
        if self.deadline is not None and self.deadline > most:
            raise unfit(f"a deadline of {text(most)} at the most", found=f"deadline: {text(self.deadline)}")
        return self


def _named(tasks: Mapping[str, Task]) -> Mapping[str, Task]:
    return Table({name: task.named(name) for name, task in tasks.items()})


class Schedule(Value):
    """What is done regularly; `fab schedule.run --due` does what is due."""

    time_zone: TimeZone = Field(default="UTC", description="The zone that the tasks' times are written in.")
    tasks: Annotated[Rows[Name, Task], AfterValidator(_named)] = Field(
        default_factory=lambda: Table({}), description="The tasks, by name."
    )

    def words(self) -> dict[str, str]:
        """Say when each task is due; a task with other words, or in another zone, counts anew."""
        return {name: f"{task.when} ({self.time_zone})" for name, task in self.tasks.items()}
