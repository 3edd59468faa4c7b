"""Files that an audit reads and writes."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from handrail.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def written(path: Path) -> Iterator[IO[str]]:
    """Write a file whole or not at all, for this user alone."""
    try:
        descriptor, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}", next_step="--output FILE") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(partial).replace(path)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}", next_step=f"df -h {path.parent}") from None
    finally:
        Path(partial).unlink(missing_ok=True)


def lines(path: str, what: str) -> list[str]:
    """Read a file line by line; `what` says what it should hold."""
    try:
        return [line for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()] if path else []
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as {what}: {error}", next_step=f"ls -l {path}") from None
