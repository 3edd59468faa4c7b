"""The tutorial of a maintenance window, followed line by line: what it shows is what happens."""

from __future__ import annotations

import pytest

from tests.lab.conformance.subject import named_subject
from tests.lab.controller import ROOT
from tests.lab.lock import only_test_on
from tests.typed import Shell, steps
from tests.unit.test_docs import DOCS, written

pytestmark = pytest.mark.lab

PAGE = DOCS / "tutorial-maintenance.md"
# What a clean clone has, as far as the tutorial needs it.
CLONE = ("fabfile.py", "config.py", "tasks", "deploys", "inventories", "lab")


@pytest.fixture
def shell(tmp_path):
    (tmp_path / ".handrail").mkdir(mode=0o700)
    (tmp_path / ".handrail/lab").symlink_to(ROOT / ".handrail/lab")
    for name in CLONE:
        (tmp_path / name).symlink_to(ROOT / name)
    written(PAGE, tmp_path)
    with only_test_on("vendhub"):
        named_subject("pm2")
        with Shell(tmp_path) as here:
            yield here


@pytest.mark.timeout(600)
def test_the_tutorial_shows_what_happens_when_it_is_followed(shell):
    assert len(steps(PAGE)) > 15
    shell.follow(PAGE)
