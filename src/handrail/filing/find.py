"""Find the changes that were filed for one plan, without believing anything that they say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.filing.papers import DOCUMENT, content_of, is_folder, paper_of
from handrail.model.canonical import digest
from handrail.model.signed import ID, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def for_plan(folder: Path, *, system: str, environment: str, plan: str) -> tuple[str, ...]:
    """Name the changes whose request has the plan with this digest, the newest first; each is still to be read."""
    prefix = f"{system}-{environment}-"
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    mine = [name for name in names if name.startswith(prefix) and ID.fullmatch(name) and is_folder(folder / name)]
    found = [(at, name) for name in mine for at in _requests(folder / name, plan)]
    return tuple(dict.fromkeys(name for _, name in sorted(found, reverse=True)))


def _requests(change: Path, plan: str) -> Iterator[str]:
    """Give the times of requests for this plan, as they say."""
    for path in change.iterdir():
        if path.name.startswith(f"{Kind.REQUEST}-") and DOCUMENT.fullmatch(path.name):
            content = content_of(path)
            payload = paper_of(path.name, content, change=change.name).payload if isinstance(content, bytes) else {}
            if payload and digest(payload["plan"]) == plan:
                yield payload["at"]
