"""Releases of the lab's system, good and bad, each built to the same bytes every time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lab import paths

if TYPE_CHECKING:
    from pathlib import Path

APPS = paths.LAB / "apps"
SYSTEM = "sanvi"


@dataclass(frozen=True)
class Behaviour:
    """What a release does; it is the `release.json` in the artifact's root, read by its services."""

    version: str
    unhealthy_on: tuple[str, ...] = ()
    fail_behind_edge: bool = False
    crash_after_seconds: float | None = None
    start_delay_seconds: float = 0


@dataclass(frozen=True)
class Release:
    """A release to build: how it behaves, how many migrations it knows, whether its bytes are damaged."""

    behaviour: Behaviour
    migrations: int = 2
    corrupt: bool = False


RELEASES = (
    Release(Behaviour("1.0.0"), migrations=1),
    Release(Behaviour("1.1.0")),
    Release(Behaviour("1.2.0", unhealthy_on=("web2",))),
    Release(Behaviour("1.3.0", fail_behind_edge=True)),
    Release(Behaviour("1.4.0"), corrupt=True),
    Release(Behaviour("1.5.0")),
    Release(Behaviour("1.6.0", start_delay_seconds=5)),
)


def build_all(folder: Path = paths.RELEASES) -> list[Path]:
    """Write every release with its digest beside it; return the artifacts."""
    folder.mkdir(parents=True, exist_ok=True)
    return [build(release, folder) for release in RELEASES]


def build(release: Release, folder: Path) -> Path:
    """Write one release; the digest is always that of the good bytes."""
    path = folder / f"{SYSTEM}-{release.behaviour.version}.tar.gz"
    good = _artifact(release)
    digest = hashlib.sha256(good).hexdigest()
    _write(path, _flip_a_byte(good) if release.corrupt else good)
    _write(path.with_name(f"{path.name}.sha256"), f"{digest}  {path.name}\n".encode())
    return path


def _artifact(release: Release) -> bytes:
    files = {
        str(source.relative_to(APPS)): source.read_bytes()
        for source in APPS.rglob("*")
        if source.suffix in {".js", ".sql"} and not _is_later_migration(source, release.migrations)
    }
    files["release.json"] = json.dumps(asdict(release.behaviour), indent=2).encode() + b"\n"
    buffer = io.BytesIO()
    # gzip writes a time of its own unless told; with mtime 0 the bytes depend on the content only
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", filename="", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _is_later_migration(source: Path, known: int) -> bool:
    return source.suffix == ".sql" and int(source.name.split("_")[0]) > known


def _flip_a_byte(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


def _write(path: Path, content: bytes) -> None:
    # a deploy may be reading the file: leave it alone when it is right, else swap it in whole
    if path.exists() and path.read_bytes() == content:
        return
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_bytes(content)
    fresh.replace(path)
