"""Looking into a document that may have any shape: what is not there, or is something else, is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.finding import Path


def at(data: Any, *path: str) -> dict[str, Any]:
    """Give the mapping at a path, or an empty one."""
    for part in path:
        data = data.get(part) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def texts(data: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Give every text in a list or a mapping, or the text itself, with its path."""
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict | tuple):
        for part, child in data.items() if isinstance(data, dict) else enumerate(data):
            yield from texts(child, (*path, part))
