"""Find the changes that were filed for one plan; what they say of themselves is believed once it is verified."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from handrail.errors import Refused
from handrail.filing.papers import DOCUMENT, content_of, folders_in, paper_of
from handrail.filing.read import read_change
from handrail.model.canonical import canonical
from handrail.model.signed import ID, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from handrail.model.approvers import Approvers
    from handrail.model.change import Change


_REQUEST = f"{Kind.REQUEST}-"


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
    prefix, wanted = f"{plan['system']}-{plan['environment']}-", canonical(plan)
    mine = [name for name in folders_in(folder) if name.startswith(prefix) and ID.fullmatch(name)]
    found = [(at, name) for name in mine for at in _requests(folder, name, wanted)]
    return tuple(dict.fromkeys(name for _, name in sorted(found, reverse=True)))


def _requests(folder: Path, change: str, plan: str) -> Iterator[str]:
    """Give the times of requests for this plan, as they say; what has not its bytes is not parsed, which is slow."""
    sought, place = f'"plan":{plan}'.encode(), f"{folder}/{change}"
    try:
        names = os.listdir(place)  # noqa: PTH208 - names alone, of a thousand folders
    except OSError:
        return
    for name in names:
        if not name.startswith(_REQUEST) or not DOCUMENT.fullmatch(name):
            continue
        content = content_of(f"{place}/{name}")
        if isinstance(content, bytes) and sought in content:
            paper = paper_of(name, content, change=change)
            if not paper.wrong and paper.payload["kind"] == Kind.REQUEST and canonical(paper.payload["plan"]) == plan:
                yield paper.payload["at"]
