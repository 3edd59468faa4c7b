"""Change control of an environment: when it may be changed, who approves, what must be true before a deploy."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from handrail.model.checklist import Checklist
from handrail.model.duration import SomeTime
from handrail.model.freeze import Freezes
from handrail.model.intent import Verb
from handrail.model.notation import Command, FilePath, Line, Whole
from handrail.model.value import Rows, Table, Value
from handrail.model.window import Window, Windows
from handrail.model.zone import TimeZone

ANY_TIME: Literal["any time"] = "any time"
IN_A_WINDOW: Literal["in a window"] = "in a window"
When = Literal["any time", "in a window"]
# What brings service back, or protects it or its data, is never held up, unless somebody says so. A backup reads the
# databases and writes beside them; a dump before a repair must not wait for a window, an approval or the journal.
RESTORING: dict[Verb, When] = dict.fromkeys(
    (Verb.ROLLBACK, Verb.STARTUP, Verb.HOLD, Verb.RESUME, Verb.BACKUP, Verb.BACK, Verb.PROMOTE), ANY_TIME
)

Role = Line
Approvals = Rows[Role, Annotated[int, Whole(1, 20)]]


class Normal(Value):
    """What a normal change needs."""

    approvals: Approvals = Field(
        default_factory=lambda: Table({}),
        description="How many people of which role approve it; each person counts once.",
    )
    valid: SomeTime = Field(default=timedelta(days=7), description="How long an approval is good for, at the most.")


class Emergency(Value):
    """What an emergency needs: it goes round windows, freezes, schedule, checklist and a normal change's approvals."""

    allowed: bool = Field(default=True, description="Whether there are emergencies at all.")
    approvals: Approvals = Field(
        default_factory=lambda: Table({}), description="How many people of which role approve it; none if left out."
    )
    valid: SomeTime = Field(default=timedelta(hours=4), description="How long such an approval is good for.")
    review: SomeTime = Field(default=timedelta(days=5), description="How long after an emergency its review is due.")
    announce: Command | None = Field(
        default=None,
        description="A command on the operator's machine that tells others; it gets one JSON object on standard input.",
    )


class Changes(Value):
    """The rules that every change of an environment obeys, from whatever entry point it comes."""

    time_zone: TimeZone = Field(default="UTC", description="The zone that windows and freezes are written in.")
    windows: Windows = Field(
        default=(Window.read("any time"),),
        description="When changes may be made, such as Tue & Thu 22:00-02:00; any time if left out.",
    )
    freezes: Freezes = Field(default=(), description="When no changes may be made, windows or not.")
    folder: FilePath = Field(default="../changes", description="Where changes are filed; relative to this file.")
    approvers: FilePath = Field(
        default="approvers.yaml", description="Who may request and approve, and by which keys; relative to this file."
    )
    standard: Rows[Verb, When] = Field(
        default_factory=lambda: Table(RESTORING),
        description="Verbs that are approved by standing here, and when they may be used; any time: in a freeze, too.",
    )
    normal: Normal = Field(default_factory=Normal, description="What every other change needs.")
    emergency: Emergency = Field(default_factory=Emergency, description="What an emergency needs.")
    checklist: Checklist = Field(default=(), description="What must be true before a deploy.")


def restores(changes: Changes | None, verb: Verb, *, emergency: bool) -> bool:
    """Whether a run brings service back, or protects it, so that a journal that is away must not hold it up."""
    if changes is None:
        return verb in RESTORING
    return emergency or (verb in RESTORING and changes.standard.get(verb) == ANY_TIME)
