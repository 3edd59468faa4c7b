"""Releases of the lab's systems, good and bad, each built to the same bytes every time."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lab import paths
from lab.hosts import SYSTEMS

if TYPE_CHECKING:
    from pathlib import Path

APPS = paths.LAB / "apps"
SERVICES = ("backend", "frontend")
# what both services need from the artifact's root
SHARED = ("service.js", "release.json")
# What a build of the frontend leaves: a page that asks the backend from the browser.
PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p id="backend"></p>
<script>
fetch("/api/version").then((response) => response.json()).then((said) => {{
  document.getElementById("backend").textContent = `backend ${{said.version}} on ${{said.host}}, slot ${{said.slot}}`;
}});
</script></body></html>
"""
COMPOSE_FILE = paths.ROOT / "inventories" / "marketplace" / "docker-compose.production.yml"


@dataclass(frozen=True)
class Behaviour:
    """What a release does; with the system's name it is the `release.json` that its services read."""

    version: str
    unhealthy_on_last_host: bool = False
    fail_behind_edge: bool = False
    crash_after_seconds: float | None = None
    start_delay_seconds: float = 0
    exit_at_start: bool = False
    needs_variable: str | None = None
    needs_database: bool = False
    eats_memory: bool = False
    log_bytes: int = 0


@dataclass(frozen=True)
class Release:
    """A release to build: how it behaves, how many migrations it knows, whether its bytes are damaged."""

    behaviour: Behaviour
    migrations: int = 2
    corrupt: bool = False


RELEASES = (
    Release(Behaviour("1.0.0"), migrations=1),
    Release(Behaviour("1.1.0")),
    Release(Behaviour("1.2.0", unhealthy_on_last_host=True)),
    Release(Behaviour("1.3.0", fail_behind_edge=True)),
    Release(Behaviour("1.4.0"), corrupt=True),
    Release(Behaviour("1.5.0")),
    Release(Behaviour("1.6.0", start_delay_seconds=5)),
    Release(Behaviour("1.7.0", crash_after_seconds=1)),
    Release(Behaviour("1.8.0", exit_at_start=True)),
    Release(Behaviour("1.9.0", needs_variable="STORAGE_BUCKET")),
    Release(Behaviour("1.10.0", eats_memory=True)),
    Release(Behaviour("1.11.0", needs_database=True)),
    Release(Behaviour("1.12.0", log_bytes=10_000_000)),
)


def build_all(system: str, folder: Path = paths.RELEASES) -> list[Path]:
    """Write every release of a system with its digest beside it; return the artifacts."""
    folder.mkdir(parents=True, exist_ok=True)
    return [build(system, release, folder) for release in RELEASES]


def build(system: str, release: Release, folder: Path) -> Path:
    """Write one release; the digest is always that of the good bytes."""
    path = folder / f"{system}-{release.behaviour.version}.tar.gz"
    good = _packed(_files(system, release))
    digest = hashlib.sha256(good).hexdigest()
    _write(path, _flip_a_byte(good) if release.corrupt else good)
    _write(path.with_name(f"{path.name}.sha256"), f"{digest}  {path.name}\n".encode())
    return path


def _files(system: str, release: Release) -> dict[str, bytes]:
    """Give the content of an artifact by name."""
    files = {
        str(source.relative_to(APPS)): source.read_bytes()
        for source in APPS.rglob("*")
        if source.suffix in {".js", ".sql"} and not _is_later_migration(source, release.migrations)
    }
    files["release.json"] = _release_json(system, release.behaviour)
    return files | _recipes(system, files)


def _recipes(system: str, files: dict[str, bytes]) -> dict[str, bytes]:
    """Give what the system's images are built with: by Compose from the whole release, else from each directory."""
    roles = {role for host in SYSTEMS[system] for role in host.roles}
    if "compose" in roles:
        recipes = {path.name: path.read_bytes() for path in (COMPOSE_FILE, *(APPS / "compose").iterdir())}
        title = f"{system} {json.loads(files['release.json'])['version']}"
        return recipes | {"site/index.html": PAGE.format(title=title).encode()}
    if "docker" not in roles:
        return {}
    recipe = {"Dockerfile": (APPS / "docker" / "Dockerfile").read_bytes()}
    copied = recipe | {name: files[name] for name in SHARED}
    return {f"{service}/{name}": content for service in SERVICES for name, content in copied.items()}


def _release_json(system: str, behaviour: Behaviour) -> bytes:
    told = asdict(behaviour)
    unhealthy = [host.name for host in SYSTEMS[system] if {"web", "app"} & set(host.roles)][-1:]
    told["unhealthy_on"] = unhealthy if told.pop("unhealthy_on_last_host") else []
    return json.dumps({"system": system, **told}, indent=2).encode() + b"\n"


def _packed(files: dict[str, bytes]) -> bytes:
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
