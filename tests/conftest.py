"""How tests are dealt out to several processes: those on one system's lab hosts to one of them, in their order.

pytest-xdist's `--dist loadgroup` has no effect with pytest 9.2: it renames tests, which that ignores.
"""

from __future__ import annotations

import gc
import os
import re
from contextlib import suppress
from typing import Any

import pytest
import yaml

# Three dozen tests change a description: what PyYAML has in Python takes ten times as long.
if yaml.__with_libyaml__:
    yaml.SafeLoader, yaml.SafeDumper = yaml.CSafeLoader, yaml.CSafeDumper

SYSTEM_OF = {"systemd": "sanvi", "pm2": "vendhub", "docker": "inventory", "compose": "marketplace"}
CLOUD = "shop"
FILES = {
    "test_maintenance.py": "vendhub",
    "test_tutorial_maintenance.py": "vendhub",
    "test_pm2.py": "vendhub",
    "test_two_systems.py": "vendhub",
    "test_docker.py": "inventory",
    "test_compose.py": "marketplace",
}
DEFAULT = "sanvi"
# One server and one provider for all tests of a file, which go on where the one before has ended.
TOGETHER = ("tests/unit/infra/test_cycle.py", "tests/unit/infra/test_modules.py", "tests/aws/test_cycle.py")
SYSTEMS = {*SYSTEM_OF.values()}
# What a process looks for first, and then: hosts, AWS, which is mostly waited for, or what needs neither. What is left
# at last anybody takes.
LAB_WORKERS = {"gw0", "gw1"}
LIKES = dict.fromkeys(LAB_WORKERS, ("hosts", "")) | {"gw2": ("aws", "hosts", ""), "gw3": ("", "hosts")}


def system_of(nodeid: str) -> str:
    """Name the system whose hosts a test uses; a test that uses none is named by itself."""
    if nodeid.startswith(TOGETHER):
        return nodeid.partition("::")[0]
    if not nodeid.startswith("tests/lab/"):
        return nodeid
    path, _, case = nodeid.partition("::")
    words = re.split(r"[\[\]-]", case)
    if "ecs" in words:
        return CLOUD
    named = next((word for word in words if word in SYSTEM_OF or word in SYSTEMS), "")
    return SYSTEM_OF.get(named) or named or FILES.get(path.rpartition("/")[2], DEFAULT)


def kind_of(scope: str) -> str:
    """Tell what the tests of a scope need: hosts of the lab, an AWS of moto, or neither."""
    if scope in SYSTEMS:
        return "hosts"
    return "aws" if scope == CLOUD or scope.startswith(("tests/unit/ecs/", "tests/unit/infra/")) else ""


def pytest_configure(config: pytest.Config) -> None:
    """Let tests on hosts go first: their hosts have deadlines."""
    worker = getattr(config, "workerinput", {}).get("workerid", "gw0")
    if worker not in LAB_WORKERS:
        os.nice(5)


def pytest_collection_finish() -> None:
    """Look for no garbage in what is there as long as the tests are: a million objects, again and again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests on hosts go first, whoever has them."""
    if item.get_closest_marker("lab") and os.getpriority(os.PRIO_PROCESS, 0) > 0:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal tests out by system; without pytest-xdist nobody asks."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415  # `fab verify` runs without it

    class BySystem(LoadScopeScheduling):
        """One process for all tests on the hosts of one system; every other test by itself."""

        def _split_scope(self, nodeid: str) -> str:
            return system_of(nodeid)

        def _assign_work_unit(self, node: Any) -> None:
            kinds = LIKES.get(node.gateway.id, ("",))
            wanted = (scope for kind in kinds for scope in self.workqueue if kind_of(scope) == kind)
            first = next(wanted, None)
            if first is not None:
                self.workqueue.move_to_end(first, last=False)
            super()._assign_work_unit(node)

    return BySystem(config, log)
