"""Find the changes that were filed for one plan; what they say of themselves is believed once it is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.errors import Refused
from handrail.filing.papers import DOCUMENT, content_of, is_folder, paper_of
from handrail.filing.read import read_change
from handrail.model.canonical import digest
from handrail.model.signed import ID, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from handrail.model.approvers import Approvers
    from handrail.model.change import Change


def for_plan(folder: Path, plan: Mapping[str, Any], approvers: Approvers) -> Iterator[Change]:
    """Read the changes whose request has this plan, the newest first, each verified.

    Broken ones are passed over where there is a good one. Raises Refused, for the first of them, where there is none.
    """
    broken: Refused | None = None
    found = False
    for name in _names(folder, plan):
        try:
            change = read_change(folder, name, approvers)
        except Refused as refused:
            broken = broken or refused
            continue
        found = True
        yield change
    if broken is not None and not found:
        raise broken


def _names(folder: Path, plan: Mapping[str, Any]) -> tuple[str, ...]:
    prefix, wanted = f"{plan['system']}-{plan['environment']}-", digest(plan)
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    mine = [name for name in names if name.startswith(prefix) and ID.fullmatch(name) and is_folder(folder / name)]
    found = [(at, name) for name in mine for at in _requests(folder / name, wanted)]
    return tuple(dict.fromkeys(name for _, name in sorted(found, reverse=True)))


def _requests(change: Path, plan: str) -> Iterator[str]:
    """Give the times of requests for this plan, as they say."""
    for path in change.iterdir():
        if path.name.startswith(f"{Kind.REQUEST}-") and DOCUMENT.fullmatch(path.name):
            content = content_of(path)
            payload = paper_of(path.name, content, change=change.name).payload if isinstance(content, bytes) else {}
            if payload and digest(payload["plan"]) == plan:
                yield payload["at"]
