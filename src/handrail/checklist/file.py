"""Look at a file that a checklist asks for."""

from __future__ import annotations

import hashlib
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.model.answer import Found, aged, old

if TYPE_CHECKING:
    from pathlib import Path

    from handrail.model.checklist import Item

CHUNK = 1 << 20


def looked_at(item: Item, place: str, contains: str, *, base: Path, now: datetime) -> Found:
    """Tell whether a file is there, not empty, young enough, and has the text that it must have."""
    path = base / place
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return Found(ok=False, evidence=f"{place} is no file")
        digest, has = _read(path, contains.encode())
    except OSError as error:
        return Found(ok=False, evidence=f"{place}: {error.strerror}")
    age = now - datetime.fromtimestamp(status.st_mtime, UTC)
    said = f"{place}, {status.st_size} bytes, {old(age)} old"
    if not status.st_size:
        return Found(ok=False, evidence=f"it is empty: {said}", digest=digest)
    if not has:
        return Found(ok=False, evidence=f"it does not contain {contains!r}: {said}", digest=digest)
    late = aged(item, age)
    return Found(ok=not late, evidence=f"{late}{said}", digest=digest)


def _read(path: Path, wanted: bytes) -> tuple[str, bool]:
    """Give the digest, and whether the text is in it: also where two pieces meet."""
    whole, found, before = hashlib.sha256(), not wanted, b""
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            whole.update(chunk)
            found = found or wanted in before + chunk
            before = chunk[-len(wanted) :]
    return f"sha256:{whole.hexdigest()}", found
