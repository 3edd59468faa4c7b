r"""How single values are written: names, users, paths, ports, commands.

Each pattern is narrow on purpose. What passes here ends in unit files, nginx configuration and shell commands; those
quote it all the same, but a `;`, a quote, a space, a newline or `..` never gets that far.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import core_schema

from handrail.model.value import unfit

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue


@dataclass(frozen=True)
class Text:
    """Text that matches a pattern from end to end."""

    pattern: str
    allowed: str

    def read(self, raw: object) -> str:
        """Refuse everything else, numbers and booleans included."""
        if not isinstance(raw, str) or re.fullmatch(self.pattern, raw) is None:
            raise unfit(self.allowed)
        return raw

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{self.pattern})$"}


@dataclass(frozen=True)
class Whole:
    """A whole number within limits; `true` and `"3000"` are not numbers."""

    minimum: int
    maximum: int

    def read(self, raw: object) -> int:
        """Refuse what Python would take for a number by kindness."""
        if not isinstance(raw, int) or isinstance(raw, bool) or not self.minimum <= raw <= self.maximum:
            raise unfit(f"a whole number from {self.minimum} to {self.maximum}")
        return raw

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, _schema: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}


def split(raw: object) -> tuple[str, ...]:
    """Read a command: a list is taken as it is, a line is split as a shell would, without running one."""
    allowed = "a command: a list of words, or one line without control characters"
    words: list[Any] = []
    if isinstance(raw, str):
        if not raw.isprintable():
            raise unfit(allowed, found="a newline or another control character")
        try:
            words = shlex.split(raw)
        except ValueError:
            raise unfit(allowed, found="a quote that is never closed") from None
    elif isinstance(raw, list | tuple):
        words = [str(word) if isinstance(word, int) and not isinstance(word, bool) else word for word in raw]
    if not words or not all(isinstance(word, str) for word in words) or not words[0]:
        raise unfit(allowed, found="no command" if raw in ("", [], ()) else "")
    if not all(word.isprintable() for word in words):
        raise unfit(allowed, found="a newline or another control character")
    return tuple(words)


def network(raw: object) -> str:
    """Read an address or a network. The zone of an IPv6 address, behind a %, may be any text: it is refused."""
    try:
        return str(ipaddress.ip_network(raw if isinstance(raw, str) and "%" not in raw else ""))
    except ValueError:
        raise unfit("an address or a network such as 10.8.0.0/16, without bits of a host") from None


SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]+"
SECRET_NAME = r"[A-Z][A-Z0-9_]{0,62}"  # noqa: S105 - the pattern of a name

Name = Annotated[
    str, Text(r"[a-z][a-z0-9-]{0,30}", "a letter a-z, then letters, digits or -, 31 characters at the most")
]
Group = Annotated[str, Text(r"[a-z][a-z0-9_]{0,30}", "a group of the inventory: a letter a-z, then a-z, 0-9 or _")]
User = Annotated[str, Text(r"[a-z_][a-z0-9_-]{0,31}", "a user: a letter a-z or _, then letters, digits, _ or -")]
HostPath = Annotated[str, Text(rf"(?:/{SEGMENT})+", "an absolute path of letters, digits, . _ and -, without ..")]
Directory = Annotated[
    str, Text(rf"\.|{SEGMENT}(?:/{SEGMENT})*", "a path inside the artifact of letters, digits, . _ and -, without ..")
]
# RFC 3986's path and query, less what a shell or nginx would take for its own.
UrlPath = Annotated[
    str,
    Text(r"/(?!.*(?:^|/)\.\.(?:/|\?|$))[A-Za-z0-9._~%+,=:@&/?-]*", "a path that begins with /, without .. or spaces"),
]
Prefix = Annotated[str, Text(rf"/(?:{SEGMENT}/)*(?:{SEGMENT})?", "the beginning of a path, such as / or /api/")]
Port = Annotated[int, Whole(1, 65535)]
Status = Annotated[int, Whole(100, 599)]
Header = Annotated[str, Text(r"[A-Za-z][A-Za-z0-9-]{0,63}", "the name of a response header, such as X-Release")]
ServerName = Annotated[
    str,
    Text(
        r"(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*", "a host name or an address"
    ),
]
Network = Annotated[str, BeforeValidator(network), WithJsonSchema({"type": "string"})]
Memory = Annotated[str, Text(r"[1-9][0-9]{0,5}[MG]", "an amount of memory such as 512M or 1G")]
Unit = Annotated[str, Text(r"[A-Za-z0-9][A-Za-z0-9@_.:-]{0,200}", "the name of a systemd unit")]
Variable = Annotated[str, Text(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable: letters, digits and _")]
SecretName = Annotated[str, Text(SECRET_NAME, "the name of a secret: A-Z, 0-9 and _")]
Line = Annotated[
    str, Text(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,500}", "one line of text, 500 characters at the most")
]
FilePath = Annotated[str, Text(r"[A-Za-z0-9._~+/-]+", "a path of letters, digits and . _ ~ + - /")]
Command = Annotated[
    tuple[str, ...],
    BeforeValidator(split),
    WithJsonSchema(
        {"type": ["string", "array"], "items": {"type": ["string", "integer"]}, "minLength": 1, "minItems": 1}
    ),
]
