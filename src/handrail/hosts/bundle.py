"""Files on their way to a host: one tar in base64, because a connector's standard input is text."""

from __future__ import annotations

import base64
import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from handrail.runtimes.protocol import File


def bundle(files: Iterable[File]) -> str:
    """Pack files, each with its mode and its owner, under their absolute paths without the first slash."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for file in files:
            data = file.text.encode()
            member = tarfile.TarInfo(file.path.lstrip("/"))
            member.size, member.mode, member.uname = len(data), file.mode, file.owner
            archive.addfile(member, io.BytesIO(data))
    return base64.encodebytes(packed.getvalue()).decode()
