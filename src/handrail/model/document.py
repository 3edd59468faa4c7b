"""From the text of a system's YAML to a `System`, or to every problem in it at once."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from handrail.errors import Problem, SystemInvalid
from handrail.model import complaint, consistency, notify, reader
from handrail.model.finding import Finding, near, unknown
from handrail.model.outline import TRAP, Outline, joined
from handrail.model.system import System

_PRIVATE = re.compile(r"^(secrets|environment|channels)$|password|secret|token", re.IGNORECASE)


def parse(text: str, *, source: str, environment: str) -> System:
    """Make the system of one environment; `source` is what the problems call the file.

    Only this environment's part is looked into: a slip in another one's must not stop a change at night.
    """
    document, problems = _read(text, source)
    outline, misfits = _laid_over(document, environment)
    problems += [_problem(finding, document, source) for finding in misfits]
    data = notify.without_foreign_secrets(outline.plain(), document.plain())
    system, shapes = _validated(data)
    told = {finding.path for finding in shapes}
    fits = [finding for finding in consistency.findings(data) if finding.path not in told]
    problems += [
        _problem(finding, outline, source)
        for finding in (*shapes, *fits)
        if outline.deepest(finding.path)[0].value is not TRAP
    ]
    if problems or system is None:
        raise SystemInvalid(sorted(dict.fromkeys(problems), key=lambda problem: problem.line))
    return system


def environments(text: str, *, source: str) -> tuple[str, ...]:
    """Name the environments of a document, in file order."""
    document, _ = _read(text, source)
    overlays = document.child("environments")
    return tuple(overlays.value) if overlays and isinstance(overlays.value, dict) else ()


def _read(text: str, source: str) -> tuple[Outline, list[Problem]]:
    node = reader.compose(text, source=source)
    reading = reader.Reader()
    outline = reading.read(node)
    return outline, [Problem(source, *refused) for refused in reading.refused]


def _laid_over(document: Outline, environment: str) -> tuple[Outline, list[Finding]]:
    """Lay the environment's part over the rest."""
    overlays = document.child("environments")
    common = document.without("environments")
    if overlays is None or not isinstance(overlays.value, dict):
        found = "" if overlays else "nothing"
        return common, [Finding(("environments",), "a mapping with a part for each environment", found)]
    overlay = overlays.child(environment)
    if overlay is None:
        asked = f"no part for {environment!r}, which was asked for"
        return common, [unknown(("environments",), environment, overlays.value, what="one of", found=asked)]
    if overlay.value is None or overlay.value is TRAP:
        return common, []
    path = ("environments", environment)
    if not isinstance(overlay.value, dict):
        return common, [Finding(path, "a mapping, laid over the document key by key")]
    fixed = [name for name in ("system", "environments") if name in overlay.value]
    allowed = "any key but system and environments"
    findings = [Finding((*path, name), allowed, f"the key {name!r}") for name in fixed]
    return common.under(overlay.without(*fixed)), findings


def _validated(data: Any) -> tuple[System | None, tuple[Finding, ...]]:
    try:
        return System.model_validate(data), ()
    except ValidationError as error:
        return None, tuple(complaint.findings(error))


def _problem(finding: Finding, outline: Outline, source: str) -> Problem:
    where, missing = outline.deepest(finding.path)
    key = where.key
    for part in missing:
        key = joined(key, part)
    private = any(isinstance(part, str) and _PRIVATE.search(part) for part in finding.path)
    found = finding.found or ("nothing" if missing else _shown(where, private=private))
    suggestion = finding.suggestion
    if not suggestion and not finding.found and isinstance(where.value, str) and not private:
        suggestion = near(where.value, finding.allowed.split(", "))
    return Problem(source, where.line, key, found, finding.allowed, suggestion)


def _shown(where: Outline, *, private: bool) -> str:
    """Say what stands in the document; what may be a secret is named by its kind alone."""
    match where.value:
        case dict():
            return "a mapping"
        case tuple():
            return "a list" if where.value else "an empty list"
        case None:
            return "nothing"
        case bool():
            return "a boolean" if private else f"{where.text}, which YAML reads as a boolean"
        case str(text) if not private:
            # The user and the query of a URL are where people keep its password.
            text = re.sub(r"//[^/]*@", "//…@", text)
            text = re.sub(r"(://[^?]*\?).*", r"\1…", text, flags=re.DOTALL)
            return repr(text if len(text) <= 60 else f"{text[:40]}…")
    return "a value that is not shown here" if private else where.text
