"""The pre-deployment checklist: what must be true before a deploy, each item a question of exactly one kind."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from handrail.model.branch import at
from handrail.model.duration import SomeTime, text
from handrail.model.finding import Finding, near, unknown
from handrail.model.notation import Command, Line, Name, Text
from handrail.model.placeholder import names, shown
from handrail.model.value import Value, unfit

PLACEHOLDERS = ("version", "sha256", "system", "environment")
KINDS = ("command", "file", "variables", "backup", "statement", "rehearsal")
# Longer than that, a deploy is not asked for but waited for.
MOST = timedelta(minutes=10)
# What may stand beside a kind, and what must: an age that nobody wrote down would be an age of years.
ALLOWED: Mapping[str, frozenset[str]] = {
    "file": frozenset({"younger", "contains"}),
    "backup": frozenset({"younger"}),
    "statement": frozenset({"younger"}),
    "rehearsal": frozenset({"younger"}),
}
NEEDED = frozenset({"backup", "rehearsal"})

Place = Annotated[
    str,
    Text(
        r"(?:[A-Za-z0-9._~+/-]|\$\{[^{}$]*\})+", "a path of letters, digits and . _ ~ + - /, which may hold ${version}"
    ),
]


def _true(raw: object) -> bool:
    if raw is not True:
        raise unfit("true; leave the item out if it is not asked for")
    return True


class Item(Value):
    """One question, which is answered with yes or no and with evidence."""

    item: Line = Field(description="What is true then, such as `CI is green`; each item has a name of its own.")
    command: Command | None = Field(
        default=None,
        description="Run on the operator's machine without a shell; exit code 0 is a yes, its last line the evidence.",
    )
    file: Place | None = Field(
        default=None, description="A file that is not empty; its path is relative to this document."
    )
    contains: Line | None = Field(default=None, description="Text that the file must contain; placeholders are filled.")
    variables: Annotated[bool, BeforeValidator(_true)] | None = Field(
        default=None, description="true: every variable that a service needs can be had, as `fab config` tells."
    )
    backup: Name | None = Field(default=None, description="An entry of `backups`; its newest dump counts.")
    statement: Line | None = Field(
        default=None, description="A role; a person who has it signed that the item is true."
    )
    rehearsal: Name | None = Field(
        default=None, description="An environment in which a rollback was rehearsed, or done, and went well."
    )
    younger: SomeTime | None = Field(default=None, description="How old the evidence may be, such as 24h.")
    deadline: SomeTime = Field(
        default=timedelta(seconds=30), description="How long the answer may take; at most 10m. After that it is a no."
    )

    @property
    def kind(self) -> str:
        """Which kind of question it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @field_validator("deadline")
    @classmethod
    def _not_for_ever(cls, deadline: timedelta) -> timedelta:
        if deadline > MOST:
            raise unfit(f"a duration of {text(MOST)} at the most")
        return deadline

    @field_validator("command", "file", "contains")
    @classmethod
    def _fillable(cls, written: tuple[str, ...] | str | None) -> tuple[str, ...] | str | None:
        for word in (written,) if isinstance(written, str) else written or ():
            for name in names(word):
                if name not in PLACEHOLDERS:
                    known = ", ".join(f"${{{each}}}" for each in PLACEHOLDERS)
                    close = near(name, PLACEHOLDERS)
                    raise unfit(f"{known}; $$ is a dollar", found=shown(name), suggestion=close and f"${{{close}}}")
        return written

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise unfit(f"exactly one of {', '.join(KINDS)}", found=" and ".join(given) or "none of them")
        kind = given[0]
        for option in ("younger", "contains"):
            if getattr(self, option) is not None and option not in ALLOWED.get(kind, ()):
                raise unfit(f"no {option} beside {kind}", found=option)
        if kind in NEEDED and self.younger is None:
            raise unfit(f"younger beside {kind}, such as younger: 24h", found="no younger")
        return self


Checklist = tuple[Item, ...]


def findings(data: Any) -> Iterator[Finding]:
    """Find items that have the name of another one, and backups that there are not."""
    listed = at(data, "changes").get("checklist")
    items = [each if isinstance(each, dict) else {} for each in listed] if isinstance(listed, tuple) else []
    first: dict[str, int] = {}
    known = at(data, "backups")
    for index, each in enumerate(items):
        name, backup = each.get("item"), each.get("backup")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            where = ("changes", "checklist", index, "item")
            yield Finding(where, f"a name of its own; item {first[name] + 1} of the list has this one")
        if isinstance(backup, str) and backup not in known:
            yield unknown(("changes", "checklist", index, "backup"), backup, known, what="an entry under backups")
