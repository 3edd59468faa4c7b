"""The one image of all lab hosts, built once and kept."""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

from lab import packages, paths
from lab.docker import docker
from lab.errors import LabError
from lab.progress import say

RECIPE = paths.LAB / "recipe"
NAME = "handrail-lab"
BOOTSTRAPPED = "handrail-lab-base"
SUITE = "bookworm"
PULLED = f"debian:{SUITE}-slim"

# without a way to a registry the pull fails at once; a blocked one must not hold up the fallback
PULL_SECONDS = 60
# bootstrapping took 37 s here, installing in a pulled image about as long; a slow mirror takes minutes
BUILD_SECONDS = 900


def ensure() -> str:
    """Return the image's name; build it if the recipe has changed or it was never built."""
    name = f"{NAME}:{recipe_digest()}"
    if docker("images", "-q", name):
        return name
    base = _base()
    say(f"building {name} on {base}")
    docker("build", "--tag", name, "--build-arg", f"BASE={base}", str(RECIPE), timeout_seconds=BUILD_SECONDS)
    for old in _names(NAME):
        if old != name:
            _drop(old)
    say(f"{name} is built")
    return name


def remove() -> None:
    """Remove every image that the lab has built."""
    for name in _names(NAME) + _names(BOOTSTRAPPED):
        say(f"removing image {name}")
        _drop(name)


def recipe_digest() -> str:
    """Name the recipe by its bytes: another recipe is another image."""
    digest = hashlib.sha256()
    for path in sorted(path for path in RECIPE.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(RECIPE)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


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
    listed = (RECIPE / "packages.txt").read_text().split()
    name = f"{BOOTSTRAPPED}:{hashlib.sha256(' '.join(listed).encode()).hexdigest()[:12]}"
    if docker("images", "-q", name):
        return name
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
        docker("import", str(tar), name, timeout_seconds=BUILD_SECONDS)
    return name


def _names(repository: str) -> list[str]:
    return docker("images", "--format", "{{.Repository}}:{{.Tag}}", repository).split()


def _drop(name: str) -> None:
    try:
        docker("rmi", name)
    except LabError as refused:
        say(f"{name} stays: {refused}")
