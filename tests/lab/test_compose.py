"""What can be wrong with a compose file, and which docker compose a host has."""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from lab import paths
from tests.lab.conformance.subject import named_subject
from tests.lab.inventory import QUICK, inventory
from tests.lab.lock import only_test_on

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.lab

HOST = "market1"
FILE = "docker-compose.production.yml"


@pytest.fixture
def subject():
    with only_test_on("marketplace"):
        yield named_subject("compose")


def with_compose_file(folder: Path, version: str, edit) -> str:
    """Pack a release again with another compose file, and give its place for the YAML."""
    folder.mkdir()
    target = folder / f"marketplace-{version}.tar.gz"
    with tarfile.open(paths.RELEASES / f"marketplace-{version}.tar.gz") as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            content = old.extractfile(member).read()
            if member.name == FILE:
                content = edit(content.decode()).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_name(f"{target.name}.sha256").write_text(f"{digest}  {target.name}\n")
    return f"file://{folder}/marketplace-${{version}}.tar.gz"


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda text: text.replace("services:", "services: [", 1), "docker-compose.production.yml"),
        (lambda text: text.replace("\n  backend:", "\n  api:", 1), "backend"),
    ],
    ids=["invalid", "without the service"],
)
def test_compose_file_that_cannot_work_is_refused_before_a_slot_is_touched(subject, tmp_path, edit, told):
    release, fresh = subject.served(), subject.fresh()
    place = with_compose_file(tmp_path / "releases", fresh, edit)
    changed = inventory(tmp_path / "inventory", {**QUICK, "release": {"artifact": place}}, system="marketplace")
    deploy = subject.begin("deploy", changed, release=fresh)
    assert deploy.wait() == 1, deploy.end
    assert told in deploy.end["text"]
    assert not deploy.steps("start")
    assert subject.served() == release
