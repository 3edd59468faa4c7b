"""File what is new: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput, Refused
from handrail.filing.papers import DOCUMENT, RUN, content_of, is_folder
from handrail.model.canonical import canonical
from handrail.model.signed import ID

if TYPE_CHECKING:
    from collections.abc import Mapping


def file(folder: Path, change: str, name: str, content: bytes) -> Path:
    """File a document or the record of a run, whole or not at all, readable by all; never overwrites.

    Filing the same bytes again does nothing.
    """
    if not ID.fullmatch(change) or not (DOCUMENT.fullmatch(name) or RUN.fullmatch(name)):
        raise BadInput(f"{change}/{name} is no name of a document", next_step="fab change.list")
    place = folder / change
    try:
        place.mkdir(parents=True, exist_ok=True)
        if not is_folder(place):
            raise BadInput(f"{place} is a link", next_step=f"put a folder in the place of {place}")
        return _linked(place / name, content)
    except OSError as error:
        raise Refused(f"{place / name} cannot be written: {error.strerror}", next_step=f"ls -ld {place}") from error


def file_run(folder: Path, change: str, run: Mapping[str, Any]) -> Path:
    """File what a run of a change came to: run, outcome, exit_code, at, seconds, seq, hash."""
    return file(folder, change, f"run-{run['run']}.json", canonical(dict(run)).encode() + b"\n")


def _linked(path: Path, content: bytes) -> Path:
    descriptor, partial = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            os.fchmod(target.fileno(), 0o644)
            target.flush()
            os.fsync(target.fileno())
        os.link(partial, path)
    except FileExistsError:
        if content_of(path) != content:
            raise Refused(f"{path} is there already, with other bytes", next_step=f"cat {path}") from None
    finally:
        Path(partial).unlink()
    return path
