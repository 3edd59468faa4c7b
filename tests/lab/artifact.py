"""Releases of the lab that are packed again with other content."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

from lab import paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Content = dict[str, bytes]


def content(system: str, version: str) -> Content:
    """Give the files of a release by their names."""
    with tarfile.open(paths.RELEASES / f"{system}-{version}.tar.gz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}


def repacked(folder: Path, system: str, version: str, edit: Callable[[Content], Content]) -> str:
    """Pack a release with other content, and give its place for the YAML."""
    folder.mkdir()
    target = folder / f"{system}-{version}.tar.gz"
    target.write_bytes(packed(edit(content(system, version)), how="w:gz"))
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_name(f"{target.name}.sha256").write_text(f"{digest}  {target.name}\n")
    return f"file://{folder}/{system}-${{version}}.tar.gz"


def packed(files: Content, *, how: str = "w") -> bytes:
    """Make a tar of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=how) as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()
