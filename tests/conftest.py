"""How tests are dealt out to several processes: those on one system's lab hosts to one of them, in their order.

pytest-xdist's `--dist loadgroup` has no effect with pytest 9.2: it renames tests, which that ignores.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

SYSTEM_OF = {"systemd": "sanvi", "pm2": "vendhub", "docker": "inventory", "compose": "marketplace"}
FILES = {
    "test_pm2.py": "vendhub",
    "test_two_systems.py": "vendhub",
    "test_docker.py": "inventory",
    "test_compose.py": "marketplace",
}
DEFAULT = "sanvi"


def system_of(nodeid: str) -> str:
    """Name the system whose hosts a test uses; a test that uses none is named by itself."""
    if not nodeid.startswith("tests/lab/"):
        return nodeid
    path, _, case = nodeid.partition("::")
    runtime = next((word for word in re.split(r"[\[\]-]", case) if word in SYSTEM_OF), "")
    return SYSTEM_OF.get(runtime) or FILES.get(path.rpartition("/")[2], DEFAULT)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal tests out by system; without pytest-xdist nobody asks."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  # `fab verify` runs without it

    class BySystem(LoadScopeScheduling):
        """One process for all tests on the hosts of one system; every other test by itself."""

        def _split_scope(self, nodeid: str) -> str:
            return system_of(nodeid)

    return BySystem(config, log)
