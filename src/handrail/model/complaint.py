"""What pydantic has to say about a description, in handrail's words and without the values that it found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from handrail.model import schema
from handrail.model.finding import Finding, unknown
from handrail.model.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from handrail.model.finding import Path

# pydantic says so when a field that a default is made from is wrong; that field has a complaint of its own.
_ECHO = "default_factory_not_called"
_SHAPES = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "tuple_type": "a list",
    "too_short": "at least one",
}


def findings(error: ValidationError, model: type[BaseModel] = System) -> Iterator[Finding]:
    """Turn each of pydantic's errors about a model into a finding."""
    for detail in error.errors(include_url=False, include_input=False):
        if detail["type"] != _ECHO:
            yield _finding(detail, model)


def _finding(detail: ErrorDetails, model: type[BaseModel]) -> Finding:
    path: Path = detail["loc"]
    context: dict[str, Any] = detail.get("ctx", {})
    if path and path[-1] == "[key]":
        path = path[:-1]
        if detail["type"] == "enum":
            known = re.findall(r"'([^']*)'", context["expected"])
            return unknown(path, str(path[-1]), known, what="one of", found=f"the key {_short(path[-1])}")
        return Finding(path, context.get("allowed", "a name"), f"the key {_short(path[-1])}")
    match detail["type"]:
        case "unfit":
            return Finding(path, context["allowed"], context["found"], context["suggestion"])
        case "missing":
            return Finding(path, f"a value, for it has no default: {schema.describe(path, model)[0]}", "nothing")
        case "extra_forbidden":
            keys = schema.describe(path[:-1], model)[1] if len(path) > 1 else schema.top_level(model)
            return unknown(path, str(path[-1]), keys, what="one of the keys", found=f"unknown key {_short(path[-1])}")
        case "literal_error":
            said = context["expected"]
            return Finding(path, ", ".join(re.findall(r"'([^']*)'", said) or re.findall(r"[0-9]+", said)))
    shape = _SHAPES.get(detail["type"], "something else")
    return Finding(path, f"{shape}: {schema.describe(path, model)[0]}")


def _short(key: str | int) -> str:
    return repr(key if isinstance(key, int) or len(key) <= 60 else f"{key[:40]}…")
