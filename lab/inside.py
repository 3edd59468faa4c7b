"""Images inside a host with Docker, under the names that production uses: nothing can be pulled there."""

from __future__ import annotations

import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lab import paths
from lab.docker import docker, shell
from lab.progress import say, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from lab.hosts import Host

RECIPES = paths.IMAGES / "inside"
BASE = "handrail-lab/base"
# written last, beside the images: what all of them were made from
STAMP = "/var/lib/docker/handrail-lab"

# by the role of the host that needs them
IMAGES: dict[str, dict[str, str]] = {
    "docker": {"node": "node:18-slim"},
    "compose": {"postgres": "postgres:15", "redis": "redis:7", "nginx": "nginx:stable"},
}

# The base is the host's own file system. What belongs to this one host or may be secret stays out, and so does what no
# container needs: half of it. PostgreSQL compiles no queries then, and its tools are called without Debian's wrapper.
LEFT_OUT = (
    "./proc/*", "./sys/*", "./dev/*", "./run/*", "./tmp/*", "./home/*", "./root/*", "./opt/*",
    "./etc/ssh/ssh_host*", "./etc/lab/*", "./etc/sudoers.d/*", "./etc/machine-id", "./etc/nginx/conf.d/*",
    "./etc/docker", "./var/lib/docker", "./var/lib/containerd", "./var/lib/postgresql", "./var/lib/redis/*",
    "./var/log/*", "./var/cache", "./var/lib/apt", "./var/lib/dpkg/info",
    "./usr/bin/esbuild", "./usr/bin/docker*", "./usr/sbin/docker*", "./usr/libexec/docker", "./usr/bin/dnet",
    "./usr/sbin/ovrouter", "./usr/bin/containerd*", "./usr/bin/ctr", "./usr/sbin/runc",
    "./usr/lib/python3*", "./usr/share/perl", "./usr/lib/*/perl", "./usr/lib/systemd", "./usr/lib/*/systemd",
    "./usr/lib/*/libLLVM*", "./usr/lib/*/libz3*", "./usr/lib/postgresql/*/lib/llvmjit.so", "*/bitcode",
    "./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/i18n",
)  # fmt: skip

# the engine answered a second after sshd
ENGINE_SECONDS = 30
IMPORT_SECONDS = 120
BUILD_SECONDS = 60

# A host that was made anew finds its old volume: images may stay, what ran may not.
EMPTY = """
docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
docker volume ls --quiet | xargs --no-run-if-empty docker volume rm >/dev/null
docker network prune --force >/dev/null
docker image prune --force >/dev/null
docker images --format '{{.Repository}}:{{.Tag}}' | grep -vE '^(handrail-lab/|node:|postgres:|redis:|nginx:)' |
    xargs --no-run-if-empty docker rmi --force >/dev/null
"""


def ensure(host: Host) -> None:
    """Wait for the host's engine, and see that it has its images."""
    wait_for(f"the engine on {host.name}", lambda: _answers(host), deadline_seconds=ENGINE_SECONDS)
    digest, names = _digest(host), _names(host)
    if shell(host.container, f"cat {STAMP} 2>/dev/null || :") == digest:
        return
    say(f"making {' '.join(names.values())} on {host.name}")
    left_out = " ".join(f"--exclude='{pattern}'" for pattern in LEFT_OUT)
    make = f"tar --create --directory=/ --one-file-system {left_out} . | docker import - {BASE} >/dev/null"
    shell(host.container, make, timeout_seconds=IMPORT_SECONDS)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda folder: _build(host, RECIPES / folder, names[folder]), names))
    shell(host.container, f"docker image prune --force >/dev/null\necho {digest} >{STAMP}")


def empty(host: Host) -> None:
    """Remove what an earlier host of this name has left: containers, their data, their networks, images of releases."""
    wait_for(f"the engine on {host.name}", lambda: _answers(host), deadline_seconds=ENGINE_SECONDS)
    shell(host.container, EMPTY)


def _answers(host: Host) -> bool:
    return shell(host.container, "docker info --format '{{.ServerVersion}}' 2>/dev/null || :") != ""


def _names(host: Host) -> dict[str, str]:
    return {folder: name for role in host.roles for folder, name in IMAGES.get(role, {}).items()}


def _build(host: Host, recipe: Path, name: str) -> None:
    buffer = io.BytesIO()
    # the engine reads no PAX headers here
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.add(recipe, arcname=".")
    command = ("docker", "build", "--quiet", "--tag", name, "-")
    docker("exec", "-i", host.container, *command, stdin=buffer.getvalue(), timeout_seconds=BUILD_SECONDS)


def _digest(host: Host) -> str:
    """Name what the images are made from."""
    image = docker("inspect", "--format", "{{.Config.Image}}", host.container)
    digest = hashlib.sha256(repr((image, LEFT_OUT, _names(host))).encode())
    for path in sorted(path for path in RECIPES.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(RECIPES)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
