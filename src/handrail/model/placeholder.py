r"""Placeholders: `${port}`, `${version}`, `${postgresql.address}`. `$$` is a literal dollar.

A dollar before anything else stands for itself, so `$(date)` and `cost: $5` need no care.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handrail.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"\$\$|\$\{([^{}$]*)\}|\$\{")


def names(text: str) -> tuple[str, ...]:
    """List the placeholders of a text in order; one that is never closed is the empty name."""
    return tuple(match[1] or "" for match in _TOKEN.finditer(text) if match[0] != "$$")


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put the values in. They are put in as they are: a placeholder inside a value is not filled again."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name = match[1] or ""
        if name not in values:
            raise BadInput(
                f"there is no placeholder {shown(name)} here",
                next_step=f"use one of {', '.join(sorted(values)) or 'none'}, or $$ for a dollar",
            )
        return values[name]

    return _TOKEN.sub(value, text)


def shown(name: str) -> str:
    """Write a placeholder for a message; long or unprintable ones are somebody's password, not a name."""
    if not name:
        return "${ without a name and a }"
    return f"${{{name}}}" if re.fullmatch(r"[A-Za-z0-9._-]{1,63}", name) else "${…}, which is not a name"
