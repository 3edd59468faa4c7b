"""Secrets by name. A description holds where a secret is, never what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema, model_validator

from handrail.model.notation import SECRET_NAME, Command, FilePath, SecretName, Variable
from handrail.model.value import Value, unfit

if TYPE_CHECKING:
    from typing import Self


class SecretReference(Value):
    """A place where a secret goes: `{secret: DB_PASSWORD}`."""

    secret: SecretName = Field(description="Name of an entry under `secrets`.")


class SecretSource(Value):
    """Where a secret comes from on the operator's machine; exactly one of the three."""

    env: Variable | None = Field(default=None, description="Environment variable that holds it.")
    file: FilePath | None = Field(default=None, description="File that holds it, relative to this document.")
    command: Command | None = Field(default=None, description="Command that prints it on its standard output.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        given = [name for name in ("env", "file", "command") if getattr(self, name) is not None]
        if len(given) != 1:
            raise unfit("exactly one of env, file, command", found=" and ".join(given) or "none of them")
        return self


def reference_of(raw: object) -> SecretReference | None:
    """Read `{secret: NAME}`; nothing else is one."""
    match raw:
        case SecretReference():
            return raw
        case {"secret": str(name), **more} if not more and re.fullmatch(SECRET_NAME, name):
            return SecretReference(secret=name)
    return None


def references(value: object) -> Iterator[str]:
    """Name the secrets that a part of a description refers to, whatever its shape is."""
    match value:
        case SecretReference():
            yield value.secret
        case BaseModel():
            for name in type(value).model_fields:
                yield from references(getattr(value, name))
        case Mapping():
            for each in value.values():
                yield from references(each)
        case tuple():
            for each in value:
                yield from references(each)


VALUE_ALLOWED = 'text, a whole number or {secret: NAME}; put quotes around anything else, as in "true" or "1.5"'


def environment_value(raw: Any) -> str | SecretReference:
    """Read a variable's value: text is kept byte for byte, quotes, `;` and newlines included."""
    if (reference := reference_of(raw)) is not None:
        return reference
    match raw:
        case bool():
            raise unfit(VALUE_ALLOWED, found="a boolean: YAML reads yes, no, on, off, true and false so")
        case float():
            raise unfit(VALUE_ALLOWED, found="a number with a fraction")
        case int():
            return str(raw)
        case str():
            # A process cannot be given a NUL; half of a surrogate pair has no bytes.
            if re.search("[\0\ud800-\udfff]", raw):
                raise unfit(VALUE_ALLOWED, found="a character that no environment can hold")
            return raw
    raise unfit(VALUE_ALLOWED)


EnvironmentValue = Annotated[
    str | SecretReference,
    PlainValidator(environment_value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "integer"]},
                {
                    "type": "object",
                    "properties": {"secret": {"type": "string", "description": "Name of an entry under `secrets`."}},
                    "required": ["secret"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
