"""Spans of time as people write them: 200ms, 30s, 5m, 1h30m. A number without a unit is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainSerializer
from pydantic_core import core_schema

from handrail.model.value import unfit

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

# Seven digits of hours are a thousand years: more is a slip, and would overflow a timedelta.
PATTERN = r"(?=[0-9])(?:([0-9]{1,7})h)?(?:([0-9]{1,7})m)?(?:([0-9]{1,7})s)?(?:([0-9]{1,7})ms)?"
ALLOWED = "a duration with its unit, such as 200ms, 30s, 5m or 1h30m"


def parse(written: str) -> timedelta:
    """Read `1h30m`; units go from large to small, each at most once."""
    match = re.fullmatch(PATTERN, written)
    if match is None:
        raise ValueError(f"{written!r} is not {ALLOWED}")
    hours, minutes, seconds, milliseconds = (int(digits or 0) for digits in match.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds, milliseconds=milliseconds)


def text(span: timedelta) -> str:
    """Write a span so that `parse` reads it back; what is below a millisecond is dropped."""
    left = span // timedelta(milliseconds=1)
    if left < 0:
        raise ValueError("a span of time cannot be negative")
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


@dataclass(frozen=True)
class Span:
    """How a duration field is read; `minimum` is part of what the message allows."""

    minimum: timedelta = timedelta()

    def read(self, raw: object) -> timedelta:
        """Take text, or a span that is one already."""
        allowed = f"{ALLOWED}, at least {text(self.minimum)}" if self.minimum else ALLOWED
        if isinstance(raw, str):
            try:
                raw = parse(raw)
            except ValueError:
                raise unfit(allowed) from None
        if not isinstance(raw, timedelta) or raw < self.minimum:
            raise unfit(allowed)
        return raw

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{PATTERN}$", "examples": ["200ms", "30s", "5m", "1h30m"]}


WRITTEN = PlainSerializer(text, return_type=str, when_used="json")

Duration = Annotated[timedelta, Span(), WRITTEN]
SomeTime = Annotated[timedelta, Span(minimum=timedelta(milliseconds=1)), WRITTEN]
TenSecondsOrMore = Annotated[timedelta, Span(minimum=timedelta(seconds=10)), WRITTEN]
