"""One thing wrong with a description, by its path; `document` adds the file and the line."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """What stands at a path and what may stand there. Without `found` the document says what stands there."""

    path: Path
    allowed: str
    found: str = ""
    suggestion: str = ""


def unknown(path: Path, name: str, known: Iterable[str], *, what: str, found: str = "") -> Finding:
    """Report a name that nothing has, with the one that was probably meant."""
    names = [str(each) for each in known]
    allowed = f"{what}: {', '.join(names)}" if names else f"{what}, and there is none"
    return Finding(path, allowed, found or repr(name if len(name) <= 60 else f"{name[:40]}…"), near(name, names))


def near(name: str, names: Iterable[str]) -> str:
    """Name the closest of the names, or nothing."""
    known = list(names)
    # difflib compares everything with everything; nobody mistypes a name at such a length, or picks from so many.
    if len(name) > 100 or len(known) > 200:
        return ""
    matches = get_close_matches(name, known, n=1)
    return matches[0] if matches else ""
