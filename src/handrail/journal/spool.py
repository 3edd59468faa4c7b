"""The spool: what is known of a run, on disk before it is in the store. It outlives the recorder.

One file a run, made before the run begins, with room for its events set aside. Its recorder keeps it locked: a spool
whose lock is free has lost its recorder. Behind each line stands, after a tab, a code over it and the lines before it,
which only who has the journal key can make: what somebody else wrote is no evidence.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import Refused
from handrail.journal.record import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = Path(".handrail/spool")
# Room for the events of a run over a hundred hosts, so that a disk that fills up meanwhile loses none.
ROOM_BYTES = 1_048_576
# Kept free at the end of the room for how the run ended.
END_BYTES = 65_536
# Who takes a new spool for a lost one has it for a moment.
NEW_SECONDS = 5
# SHA-256 in hexadecimal digits.
CODE_LETTERS = 64
FOREIGN = "it was not written with this machine's journal key"


@dataclass
class Spool:
    """One file, which this process has locked."""

    path: Path
    descriptor: int
    size: int = 0
    room: int = 0
    lost: int = 0
    # Empty where the journal key cannot be used.
    key: bytes = b""
    code: bytes = b""

    def write(self, line: Mapping[str, Any]) -> None:
        """Add a line; an event for which there is no room is counted instead."""
        try:
            self._add(line, spare=END_BYTES)
        except OSError:
            self.lost += 1

    def keep(self, line: Mapping[str, Any]) -> None:
        """Add a line that must be on disk: the beginning and the end. Raises OSError when it cannot be."""
        self._add(line, spare=0)
        self.sync()

    def sync(self) -> None:
        """See that what was written is on disk."""
        os.fdatasync(self.descriptor)

    def remove(self) -> None:
        """Drop the file: its record is in the store."""
        self.path.unlink(missing_ok=True)
        self.close()

    def set_aside(self) -> Path:
        """Give a damaged file another name, under which nobody adopts it but somebody can look at it."""
        number, name = 1, self.path.with_name(f"{self.path.name}.bad")
        while name.exists():
            number += 1
            name = self.path.with_name(f"{self.path.name}.bad{number}")
        self.path.rename(name)
        self.close()
        return name

    def close(self) -> None:
        """Let the lock go; the file stays for whoever adopts it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def _add(self, line: Mapping[str, Any], *, spare: int) -> None:
        said = json.dumps(clean(line), ensure_ascii=False).encode()
        code = _code(self.key, self.code, said)
        content = said + (b"\t" + code if code else b"") + b"\n"
        if self.size + len(content) + spare > self.room:
            more = max(ROOM_BYTES, len(content))
            os.posix_fallocate(self.descriptor, self.room, more)
            self.room += more
        written = 0
        while written < len(content):
            written += os.pwrite(self.descriptor, content[written:], self.size + written)
        self.size += len(content)
        self.code = code


@dataclass
class Told:
    """What a spool tells of its run."""

    store: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] | None = None
    # Why it did not begin.
    withdrawn: str = ""
    # Whether a recorder with this machine's journal key has written it.
    proven: bool = False
    damaged: str = ""


def make(run: str, *, store: str, body: Mapping[str, Any], key: bytes = b"", folder: Path = FOLDER) -> Spool:
    """Make the spool of a run, with its first line on disk. Raises Refused when there is no room for it."""
    partial = folder / f".{_name(run)}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Locked before it has its name: nobody can take it for a lost one.
        spool = Spool(folder / f"{_name(run)}.jsonl", _new(partial), key=key)
        spool.keep({"store": store, "begin": dict(body)})
        partial.rename(spool.path)
        _sync_folder(folder)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        words = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else error.strerror
        raise Refused(
            f"what happens cannot be written down in {folder}: {words}; no change is made without a record",
            next_step=f"df -h {folder.parent}; ls -ld {folder}",
        ) from None
    return spool


def _new(partial: Path) -> int:
    """Make a file and lock it. Whoever came between the two took it for a lost one, and removes it: then once more."""
    until = time.monotonic() + NEW_SECONDS
    while True:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise
            time.sleep(0.01)
        os.close(descriptor)


def unopened(place: str) -> str:
    """Name a store that could not be opened by its place: it takes the spool once it can be."""
    return f"at {place}"


def take(run: str, folder: Path = FOLDER, *, key: bytes = b"") -> Spool | None:
    """Take over the spool of a run, if it is there and free."""
    return _taken(folder / f"{_name(run)}.jsonl", key)


def lost(folder: Path = FOLDER, *, key: bytes = b"") -> Iterator[Spool]:
    """Take over, one after the other, all spools that have lost their recorder."""
    if not folder.is_dir():
        return
    for path in folder.glob(".*"):
        # Not yet a spool when its recorder was killed: its run never began.
        if (partial := _taken(path)) is not None:
            partial.remove()
    for path in sorted(folder.glob("*.jsonl")):
        if (spool := _taken(path, key)) is not None:
            yield spool


def told(spool: Spool) -> Told:
    """Read what a spool tells; a line that was cut off tells nothing, one that no recorder writes is damage.

    Where the beginning is not proven, nothing else is: then all of it is told, as what somebody says.
    """
    lines = _lines(_content(spool.path), spool.key)
    found = Told(proven=any(code and "begin" in line for line, code in lines))
    if lines and not found.proven:
        found.damaged = FOREIGN
    for line, code in lines:
        if found.proven and not code:
            found.damaged = found.damaged or f"a line of it: {FOREIGN}"
            continue
        what = next((name for name in ("begin", "event", "end", "withdrawn") if name in line), "")
        said = line.get(what)
        if not isinstance(said, dict) or (what == "begin" and not _names_a_run(said)):
            found.damaged = found.damaged or f"a line is not as a recorder writes it: {clean(str(line)[:60])}"
        elif what == "begin":
            found.store, found.body = str(line.get("store", "")), said
        elif what == "event":
            found.events.append(said)
        elif what == "withdrawn":
            found.withdrawn = str(said.get("text")) or "it was refused"
        else:
            found.end = said
    if not found.body and not found.damaged and spool.size:
        found.damaged = "it does not say which run began"
    return found


def _names_a_run(body: Mapping[str, Any]) -> bool:
    return isinstance(body.get("run"), str) and bool(body["run"])


def _content(path: Path) -> bytes:
    """Read the lines; behind the last one is the room that was set aside: zeros."""
    return path.read_bytes().split(b"\0", 1)[0]


def _lines(content: bytes, key: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Read lines, each with its code if that is good."""
    found, before = [], b""
    for line in content.split(b"\n"):
        said, tab, code = line.partition(b"\t")
        good = bool(key) and hmac.compare_digest(code, _code(key, before, said))
        if tab and len(code) < CODE_LETTERS:
            continue
        with suppress(ValueError, RecursionError):
            read = json.loads(said)
            if isinstance(read, dict):
                found.append((read, code if good else b""))
                before = code if good else before
    return found


def _code(key: bytes, before: bytes, said: bytes) -> bytes:
    return hmac.digest(key, before + b"\n" + said, "sha256").hex().encode() if key else b""


def _taken(path: Path, key: bytes = b"") -> Spool | None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had it may have dropped it just before.
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return _resumed(path, descriptor, key)
    except OSError:
        pass
    os.close(descriptor)
    return None


def _resumed(path: Path, descriptor: int, key: bytes) -> Spool:
    """Go on behind what is there; a line that was cut off gets its end, so that it takes no other one with it."""
    content = path.read_bytes()
    lines = content.split(b"\0", 1)[0]
    if lines and not lines.endswith(b"\n"):
        os.pwrite(descriptor, b"\n", len(lines))
        lines += b"\n"
    codes = [code for _, code in _lines(lines, key) if code]
    return Spool(path, descriptor, len(lines), len(content), key=key, code=codes[-1] if codes else b"")


def _name(run: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in run)[:100] or "_"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
