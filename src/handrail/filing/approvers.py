"""The file that says who may sign, as it lies there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.model import approvers

if TYPE_CHECKING:
    from pathlib import Path

    from handrail.model.approvers import Approvers

NEXT = "docs/how-to/changes.md shows one"


def approvers_in(path: Path) -> Approvers:
    """Read who may sign. Raises BadInput when the file cannot be read, SystemInvalid with every problem in it."""
    if not path.is_file():
        raise BadInput(f"there is no {path}, which says who may approve", next_step=NEXT)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}, which says who may approve, cannot be read: {error}", next_step=NEXT) from None
    return approvers.parse(text, source=str(path))
