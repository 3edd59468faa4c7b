"""Files of a change as they lie there: read with care, and nothing in them is believed yet."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import Refused
from handrail.model import signed
from handrail.model.change import ChangeRun

if TYPE_CHECKING:
    from collections.abc import Mapping

# The plan of a system with a thousand hosts has 30 kB.
SIZE_BYTES = 65_536
# A change has ten documents; whoever files thousands wants to keep a gate busy.
FILES = 200
YEARS = (2000, 9000)
DOCUMENT = re.compile(r"([a-z]+)-[0-9a-f]{12}\.signed")
RUN = re.compile(r"run-[A-Za-z0-9._-]{1,100}\.json")


@dataclass(frozen=True)
class Paper:
    """A document before its signature was verified."""

    file: str
    payload: Mapping[str, Any]
    line: bytes = b""
    signature: str = ""
    wrong: str = ""


def is_folder(path: Path) -> bool:
    """Whether there is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def folders_in(folder: Path) -> list[str]:
    """Name the folders in one, links left out; none where it is none. Raises Refused where it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Refused(f"{folder} cannot be read: {error.strerror}", next_step=f"ls -ld {folder}") from None


def unread(folder: Path) -> tuple[list[Paper], list[ChangeRun], str]:
    """Read the files of a change; nothing is believed yet."""
    papers: list[Paper] = []
    runs: list[ChangeRun] = []
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208 - names alone
    except OSError as error:
        return [], [], f"it cannot be read: {error.strerror}"
    if len(names) > FILES:
        return [], [], f"it holds {len(names)} files; allowed: {FILES}"
    for name in names:
        content = content_of(folder / name) if DOCUMENT.fullmatch(name) or RUN.fullmatch(name) else _NO_NAME
        if isinstance(content, str):
            papers.append(Paper(name if name.isprintable() else ascii(name), {}, wrong=content))
        elif RUN.fullmatch(name):
            run = _run(name, content)
            papers += [Paper(name, {}, wrong=run)] if isinstance(run, str) else []
            runs += [run] if isinstance(run, ChangeRun) else []
        else:
            papers.append(paper_of(name, content, change=folder.name))
    return papers, runs, ""


_NO_NAME = "its name is none of a document or a run"


def content_of(path: Path | str) -> bytes | str:
    """Read a file that is one, and not too large; else say what is wrong with it."""
    try:
        # A link may lead anywhere, and a pipe would never end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return "it is a link" if Path(path).is_symlink() else f"it cannot be read: {error.strerror}"
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            return "it is no plain file"
        if seen.st_size > SIZE_BYTES:
            return f"it has {seen.st_size} bytes; allowed: {SIZE_BYTES}"
        return os.read(descriptor, SIZE_BYTES)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    finally:
        os.close(descriptor)


def paper_of(name: str, content: bytes, *, change: str = "") -> Paper:
    """Take a document apart; `change` is the one that it must be for."""
    line, newline, rest = content.partition(b"\n")
    if not newline:
        return Paper(name, {}, wrong="it is cut off: there is no signature")
    try:
        payload = signed.read(line)
        signature = rest.decode("ascii")
    except UnicodeDecodeError:
        return Paper(name, {}, wrong="its signature is altered")
    except ValueError as error:
        return Paper(name, {}, wrong=str(error))
    wrong = ""
    if change and payload["change"] != change:
        wrong = f"it is for the change {payload['change']}"
    elif change and name != signed.name_of(payload):
        wrong = f"its name does not fit: it is {signed.name_of(payload)}"
    return Paper(name, payload, line, signature, wrong)


def _run(name: str, content: bytes) -> ChangeRun | str:
    try:
        details = json.loads(content)
        at = datetime.fromisoformat(details["at"])
        run, outcome = details["run"], details["outcome"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "it is no record of a run"
    if not isinstance(run, str) or not isinstance(outcome, str) or name != f"run-{run}.json":
        return "it is no record of a run"
    if not outcome.isprintable():  # it is shown on a terminal
        return "it is no record of a run"
    # Times are added to it, and taken from it.
    if at.utcoffset() != timedelta() or not YEARS[0] <= at.year < YEARS[1]:
        return "it is no record of a run"
    return ChangeRun(run, outcome, at.astimezone(UTC), details)
