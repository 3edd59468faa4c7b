"""The images of the lab's hosts, built once and kept: one that is enough for most, and two that stand on it."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

from lab import packages, paths, pm2
from lab.docker import docker
from lab.errors import LabError
from lab.progress import say

NAME = "handrail-lab"
BOOTSTRAPPED = "handrail-lab-base"
SUITE = "bookworm"
PULLED = f"debian:{SUITE}-slim"
# the kinds of host; each is a folder in lab/images, and all but the first stand on the first
PLAIN, DOCKER, PM2 = KINDS = ("host", "docker", "pm2")

# without a way to a registry the pull fails at once; a blocked one must not hold up the fallback
PULL_SECONDS = 60
# bootstrapping took 37 s here, installing in a pulled image about as long; a slow mirror takes minutes
BUILD_SECONDS = 900


def ensure(kind: str = PLAIN) -> str:
    """Return an image's name; build it if its recipe has changed or it was never built."""
    image = name(kind)
    if docker("images", "-q", image):
        return image
    base = _base() if kind == PLAIN else ensure()
    context = pm2.ensure() if kind == PM2 else _recipe(kind)
    say(f"building {image} on {base}")
    command = ("build", "--tag", image, "--build-arg", f"BASE={base}", f"--file={_recipe(kind) / 'Dockerfile'}")
    docker(*command, str(context), timeout_seconds=BUILD_SECONDS)
    for old in _names(_repository(kind)):
        if old != image:
            _drop(old)
    say(f"{image} is built")
    return image


def remove() -> None:
    """Remove every image that the lab has built."""
    repositories = [*(_repository(kind) for kind in reversed(KINDS)), BOOTSTRAPPED]
    for image in [image for repository in repositories for image in _names(repository)]:
        say(f"removing image {image}")
        _drop(image)


def name(kind: str) -> str:
    """Name an image by the bytes of its recipe and of what it stands on: another recipe is another image."""
    digest = hashlib.sha256()
    for path in sorted(path for path in _recipe(kind).rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(_recipe(kind))}\0".encode() + path.read_bytes() + b"\0")
    if kind != PLAIN:
        digest.update(name(PLAIN).encode() + (pm2.VERSION.encode() if kind == PM2 else b""))
    return f"{_repository(kind)}:{digest.hexdigest()[:12]}"


def _recipe(kind: str) -> Path:
    return paths.IMAGES / kind


def _repository(kind: str) -> str:
    return NAME if kind == PLAIN else f"{NAME}-{kind}"


def _base() -> str:
    say(f"pulling {PULLED}")
    try:
        docker("pull", "--quiet", PULLED, timeout_seconds=PULL_SECONDS)
    except LabError as refused:
        say(f"no pull here, so mmdebstrap makes the same ({refused})")
        return _bootstrap()
    return PULLED


def _bootstrap() -> str:
    """Make the base from this machine's own Debian sources; takes about a minute."""
    listed = (_recipe(PLAIN) / "packages.txt").read_text().split()
    base = f"{BOOTSTRAPPED}:{hashlib.sha256(' '.join(listed).encode()).hexdigest()[:12]}"
    if docker("images", "-q", base):
        return base
    packages.require({"mmdebstrap": "mmdebstrap"})
    with tempfile.TemporaryDirectory(prefix="handrail-lab-") as folder:
        tar = Path(folder) / "base.tar"
        say(f"mmdebstrap: {len(listed)} packages and what they need (about 40 s)")
        done = subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(listed)}", SUITE, str(tar)],
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        if done.returncode:
            raise LabError(f"mmdebstrap: {done.stderr.strip()[-800:]}")
        say(f"importing {tar.stat().st_size / 1e6:.0f} MB")
        docker("import", str(tar), base, timeout_seconds=BUILD_SECONDS)
    return base


def _names(repository: str) -> list[str]:
    return docker("images", "--format", "{{.Repository}}:{{.Tag}}", repository).split()


def _drop(image: str) -> None:
    try:
        docker("rmi", image)
    except LabError as refused:
        say(f"{image} stays: {refused}")
