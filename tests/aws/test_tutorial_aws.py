"""The tutorial of AWS, followed line by line: what it shows is what happens."""

from __future__ import annotations

import shutil

import pytest

from tests.aws import local
from tests.aws.conftest import NOT_OURS
from tests.lab.controller import ROOT
from tests.typed import Shell, steps
from tests.unit.infra import cloud
from tests.unit.test_docs import DOCS, written

pytestmark = pytest.mark.aws

PAGE = DOCS / "tutorial-aws.md"
# What a clean clone has, as far as the tutorial needs it.
CLONE = ("fabfile.py", "config.py", "tasks", "deploys", "tests", "lab", "docs")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    cloud.needed()
    for name in (*NOT_OURS, "HANDRAIL_INVENTORY", "HANDRAIL_SIGNING_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in CLONE:
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    written(PAGE, tmp_path)
    # A request that is asked again finds the lock that it has taken itself, where moto was slow to say so.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    # The provider is started once for all commands: that takes seconds, and a reader has them.
    with cloud.provider(cloud.variables(local.PORT), tmp_path / "provider") as attached:
        for name, value in attached.items():
            monkeypatch.setenv(name, value)
        with Shell(tmp_path) as here:
            yield here


@pytest.mark.timeout(580)
def test_the_tutorial_shows_what_happens_when_it_is_followed(shell):
    assert len(steps(PAGE)) > 25
    shell.follow(PAGE)
