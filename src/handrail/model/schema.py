"""The shape of a system's YAML as JSON Schema, for editors and for the reference pages."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from handrail.model import duration
from handrail.model.system import System

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core.core_schema import DictSchema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


class _Generate(GenerateJsonSchema):
    """Writes defaults as a person would: 30s, where ISO 8601 has PT30S."""

    def encode_default(self, dft: Any) -> Any:
        """Write one default."""
        return duration.text(dft) if isinstance(dft, timedelta) else super().encode_default(dft)

    def dict_schema(self, schema: DictSchema) -> Schema:
        """Describe a mapping by name; a name that does not fit the pattern is an error there too."""
        rows = super().dict_schema(schema)
        return rows | {"additionalProperties": False} if "patternProperties" in rows else rows


@cache
def _of_the_models(model: type[BaseModel] = System) -> Schema:
    schema = model.model_json_schema(schema_generator=_Generate)
    schema.setdefault("$defs", {})
    return schema


def json_schema() -> Schema:
    """Describe the whole document, the part for each environment included."""
    schema = deepcopy(_of_the_models())
    definitions = schema.pop("$defs")
    overlay = _partial(schema)
    overlay["title"] = "Environment"
    overlay["description"] = "Laid over the document, key by key: lists and scalars replace, null takes a key away."
    del overlay["properties"]["system"]
    document = deepcopy(schema)
    document["properties"]["environments"] = {
        "description": "What is different in each environment, by name.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,30}$"},
        "additionalProperties": {"anyOf": [overlay, {"type": "null"}]},
    }
    document["required"].append("environments")
    document["$defs"] = definitions | {f"{name}Overlay": _partial(each) for name, each in definitions.items()}
    return {"$schema": DIALECT} | document


def top_level(model: type[BaseModel] = System) -> tuple[str, ...]:
    """Name the keys of a document; a system's has a part for each environment."""
    return (*describe((), model)[1], *(("environments",) if model is System else ()))


def describe(path: tuple[str | int, ...], model: type[BaseModel] = System) -> tuple[str, tuple[str, ...]]:
    """Say what may stand at a path: its description, and the keys that it has if it is a mapping."""
    schema = _of_the_models(model)
    here = schema
    description = str(here.get("description", ""))
    for part in path:
        here = _resolved(_child(here, part), schema["$defs"])
        description = str(here.get("description", ""))
    return description, tuple(here.get("properties", ()))


def _child(schema: Schema, part: str | int) -> Schema:
    if isinstance(part, int):
        return dict(schema.get("items", {}))
    if part in schema.get("properties", {}):
        return dict(schema["properties"][part])
    for each in schema.get("patternProperties", {}).values():
        return dict(each)
    rest = schema.get("additionalProperties", {})
    return dict(rest) if isinstance(rest, dict) else {}


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """Follow a reference; a description beside it is nearer to the reader than the one behind it."""
    for choice in schema.get("anyOf", ()):
        schema = schema | choice if choice.get("type") != "null" else schema
    if "$ref" not in schema:
        return schema
    behind = definitions[schema["$ref"].rsplit("/", 1)[1]]
    return dict(behind | {key: value for key, value in schema.items() if key != "$ref"})


# Secrets' sources are laid over as a whole, and a reference is complete or it is none.
_WHOLE = frozenset({"SecretSource", "SecretReference"})


def _partial(schema: Schema) -> Schema:
    """Make every key optional and every reference one to a partial definition; any key may be null."""
    partial = deepcopy(schema)
    partial.pop("required", None)
    partial.pop("default", None)
    if "$ref" in partial:
        name = partial["$ref"].rsplit("/", 1)[1]
        partial["$ref"] = f"#/$defs/{name}" if name in _WHOLE else f"#/$defs/{name}Overlay"
    for rows in ("properties", "patternProperties"):
        if rows in partial:
            partial[rows] = {key: _nullable(_partial(each)) for key, each in partial[rows].items()}
    if isinstance(partial.get("additionalProperties"), dict):
        partial["additionalProperties"] = _nullable(_partial(partial["additionalProperties"]))
    partial.pop("minProperties", None)
    return partial


def _nullable(schema: Schema) -> Schema:
    described = {key: schema.pop(key) for key in ("description", "title") if key in schema}
    return described | {"anyOf": [schema, {"type": "null"}]}
