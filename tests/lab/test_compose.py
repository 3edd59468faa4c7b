"""What can be wrong with a compose file, and which docker compose a host has."""

from __future__ import annotations

import pytest

from tests.lab.artifact import repacked
from tests.lab.conformance.subject import named_subject
from tests.lab.inventory import QUICK, inventory
from tests.lab.lock import only_test_on

pytestmark = pytest.mark.lab

HOST = "market1"
FILE = "docker-compose.production.yml"


@pytest.fixture
def subject():
    with only_test_on("marketplace"):
        yield named_subject("compose")


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
    place = repacked(
        tmp_path / "releases", "marketplace", fresh,
        lambda files: {**files, FILE: edit(files[FILE].decode()).encode()},
    )  # fmt: skip
    changed = inventory(tmp_path / "inventory", {**QUICK, "release": {"artifact": place}}, system="marketplace")
    deploy = subject.begin("deploy", changed, release=fresh)
    assert deploy.wait() == 1, deploy.end
    assert told in deploy.end["text"]
    assert not deploy.steps("start")
    assert subject.served() == release
