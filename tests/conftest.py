"""How tests are dealt out to several processes: those on one system's lab hosts to one of them, in their order.

pytest-xdist's `--dist loadgroup` has no effect with pytest 9.2: it renames tests, which that ignores.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

from tests.lab.conformance.subject import SUBJECTS

if TYPE_CHECKING:
    import pytest

SYSTEM_OF = {one.runtime: one.system for one in SUBJECTS}
FILES = {"test_pm2.py": "vendhub", "test_two_systems.py": "vendhub"} | {
    "test_docker.py": "inventory", "test_compose.py": "marketplace",
}  # fmt: skip
DEFAULT = "sanvi"


class BySystem(LoadScopeScheduling):
    """One process for all tests on the hosts of one system; every other test by itself."""

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith("tests/lab/"):
            return nodeid
        path, _, case = nodeid.partition("::")
        runtime = next((word for word in re.split(r"[\[\]-]", case) if word in SYSTEM_OF), "")
        return SYSTEM_OF.get(runtime) or FILES.get(path.rpartition("/")[2], DEFAULT)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> BySystem:
    """Deal tests out by system."""
    return BySystem(config, log)
