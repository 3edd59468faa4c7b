"""From the text of a window's file to a `Maintenance`, or to every problem in it at once."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from handrail.errors import Problem, SystemInvalid
from handrail.model import complaint, reader
from handrail.model.maintenance import Maintenance
from handrail.model.outline import TRAP, Outline, joined

NEXT = "mend the lines above; docs/reference/maintenance.md lists every key"


def parse(text: str, *, source: str) -> Maintenance:
    """Read a window; the error holds every problem with its line."""
    reading = reader.Reader()
    outline = reading.read(reader.compose(text, source=source))
    refused = [Problem(source, *each) for each in reading.refused]
    return _validated(outline.plain(), outline, source, refused)


def made(data: Any, *, source: str) -> Maintenance:
    """Take what a Python function gave."""
    return _validated(data, Outline(1, "", data), source, [])


def _validated(data: Any, outline: Outline, source: str, problems: list[Problem]) -> Maintenance:
    try:
        window = Maintenance.model_validate(data)
    except ValidationError as error:
        for finding in complaint.findings(error, Maintenance):
            where, missing = outline.deepest(finding.path)
            if where.value is TRAP:
                continue
            key = where.key
            for part in missing:
                key = joined(key, part)
            found = finding.found or ("nothing" if missing else _shown(where))
            problems.append(
                Problem(source, where.line, key or "(document)", found, finding.allowed, finding.suggestion)
            )
    if problems:
        invalid = SystemInvalid(sorted(dict.fromkeys(problems), key=lambda problem: problem.line))
        invalid.next_step = NEXT
        raise invalid
    return window


def _shown(where: Outline) -> str:
    match where.value:
        case dict():
            return "a mapping"
        case tuple():
            return "a list" if where.value else "an empty list"
        case None:
            return "nothing"
        case str(text):
            return repr(text if len(text) <= 60 else f"{text[:40]}…")
    return where.text or repr(where.value)
