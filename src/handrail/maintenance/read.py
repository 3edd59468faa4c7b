"""Read a window: a YAML file, or a Python file with a function `window` that gives the same keys."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.model.maintenance import Maintenance
from handrail.model.maintenance_document import made, parse

if TYPE_CHECKING:
    from typing import Any

FOLDER = Path("maintenance")


def window_in(file: str) -> Maintenance:
    """Read it. Raises BadInput when there is no such file, SystemInvalid with every problem in it."""
    path = Path(file)
    if not path.is_file():
        known = ", ".join(sorted(str(each) for each in FOLDER.glob("*.*") if each.suffix in {".yaml", ".py"})) or "none"
        raise BadInput(f"there is no window {file}; there are: {known}", next_step="name one of those")
    if path.suffix == ".py":
        return made(_given(path), source=file)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}", next_step=f"ls -l {file}") from None
    return parse(text, source=file)


def _given(path: Path) -> Any:
    try:
        function = runpy.run_path(str(path)).get("window")
        given = function() if callable(function) else None
    except Exception as error:  # noqa: BLE001  # it may do anything
        raise BadInput(f"{path}: {type(error).__name__}: {error}", next_step=f"python {path}") from None
    if given is None:
        raise BadInput(f"{path} has no function window() that gives something", next_step="def window(): return {...}")
    return given.model_dump(mode="json") if isinstance(given, Maintenance) else given
