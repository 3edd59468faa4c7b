"""How tests are dealt out to several processes: those on one system's lab hosts to one of them at a time, in order.

pytest-xdist's `--dist loadgroup` has no effect with pytest 9.2: it renames tests, which that ignores.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

# The one with the most to do first.
SYSTEM_OF = {"systemd": "sanvi", "compose": "marketplace", "docker": "inventory", "pm2": "vendhub"}
SYSTEMS = [*SYSTEM_OF.values()]
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
LATER = "later "
# What a process looks for first, and then: hosts of the lab, an AWS of moto, which is mostly waited for, or what needs
# neither. What is left at last anybody takes.
KINDS = ("hosts", "cloud", "aws", "")
LIKES = {"gw2": ("cloud", "hosts", "aws", ""), "gw3": ("", "hosts", "cloud", "aws")}


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
    if scope == CLOUD:
        return "cloud"
    return "aws" if scope.startswith(("tests/unit/ecs/", "tests/unit/infra/")) else ""


class BySystem(LoadScopeScheduling):
    """One process at a time for all tests on the hosts of one system; every other test by itself.

    With a limit what may be left out comes last, on the hosts of a system too: perhaps in another process.
    """

    waiting: dict[str, list[str]] | None = None

    def _split_scope(self, nodeid: str) -> str:
        limit = getattr(self.config, "limit", None)
        return f"{LATER if limit and limit.may_wait(nodeid) else ''}{system_of(nodeid)}"

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:  # noqa: ARG002
        """Forget what is done, and give work to whoever waits for some: hosts may be free now."""
        nodeid = self.registered_collections[node][item_index]
        scope = self._split_scope(nodeid)
        tests = self.assigned_work[node][scope]
        tests[nodeid] = True
        if all(tests.values()):
            del self.assigned_work[node][scope]
        for each in self.nodes:
            if each in self.registered_collections:
                self._reschedule(each)

    def remove_node(self, node: Any) -> str | None:
        """Take back what a process that died had still to do."""
        self.waiting = None
        return super().remove_node(node)

    def _assign_work_unit(self, node: Any) -> None:
        """Give a process what it likes best of what it may have, if anything."""
        first = next(self._wanted(node), None)
        if first is not None:
            self.workqueue.move_to_end(first, last=False)
            super()._assign_work_unit(node)

    def _wanted(self, node: Any) -> Iterator[str]:
        if self.waiting is None:
            self.waiting = _by_kind(self.workqueue)
        for kind in (when + kind for when in ("", LATER) for kind in LIKES.get(node.gateway.id, KINDS)):
            queue = self.waiting[kind]
            while queue and queue[0] not in self.workqueue:
                queue.pop(0)
            yield from (scope for scope in queue if scope in self.workqueue and not self._used(scope, node))

    def _used(self, scope: str, node: Any) -> bool:
        """Tell whether another process has tests on the same hosts."""
        name = scope.removeprefix(LATER)
        others = (units for other, units in self.assigned_work.items() if other is not node)
        return any(name in units or LATER + name in units for units in others)


def _by_kind(scopes: Any) -> dict[str, list[str]]:
    """Give what waits, by its kind: what is left for later by itself, and hosts in the order of their work."""
    waiting = defaultdict(list)
    for scope in scopes:
        name = scope.removeprefix(LATER)
        waiting[scope.removesuffix(name) + kind_of(name)].append(scope)
    for when in ("", LATER):
        waiting[when + "hosts"].sort(key=lambda scope: SYSTEMS.index(scope.removeprefix(LATER)))
    return waiting
