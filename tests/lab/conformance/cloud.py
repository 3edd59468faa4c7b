"""ECS under the same suite: moto's server has AWS's books, and beside it is what moto lacks (tests/unit/ecs/plane.py).

Nothing runs there: no program, no host, no log of a program. What needs one of those is listed with its reason.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
import yaml

from tests.lab.conformance.subject import GOOD, HOSTED, Subject
from tests.lab.inventory import lay

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# By the test's name.
CANNOT = {
    "test_request_that_takes_5_s_during_the_cutover_is_answered": "only the load balancer can wait for a request",
    "test_what_was_live_is_live_again_after_a_reboot_of_the_hosts": "Fargate has no host to start again",
    "test_startup_mends_what_is_in_a_crash_loop": "no program that could be killed or stopped",
    "test_release_that_is_not_healthy_gets_no_traffic": "a load balancer tells the code of an answer, not its reason",
    "test_memory_that_is_used_up_is_named": "no program that could use memory up",
    "test_port_in_use_is_named": "every task has an address of its own: nobody can have its port",
    "test_logs_are_merged_and_searched_even_when_they_are_long_and_no_text": "no program that prints",
    "test_logs_are_followed": "no program that prints",
    "test_daily_check_gets_an_answer_to_every_question_and_ends_with_the_worst": "no program whose load is known",
    "test_maintenance_page_holds_every_request_and_lets_them_in_again": "the load balancer sends no Retry-After",
    "test_everything_is_as_described": "`fab verify` looks at hosts, and there are none",
    "test_watch_ends_with_the_reason_when_a_program_dies_and_is_started_again": "no program that could be killed",
}


@dataclass(eq=False)
class Cloud(Subject):
    """A system on ECS; `site` is its AWS, `told` what of it is in the environment, from `bring_up` to `take_down`."""

    cannot = CANNOT
    site: Any = None
    told: dict[str, str] = field(default_factory=dict)
    ends: ExitStack = field(default_factory=ExitStack)

    @property
    def inventory(self) -> Path:
        """Its inventory, which is made anew for each AWS."""
        return Path(self.site.inventory)

    @property
    def url(self) -> str:  # type: ignore[override]
        """Where its load balancer answers."""
        return f"http://127.0.0.1:{self.site.port}"

    @property
    def service_hosts(self) -> tuple[str, ...]:
        """The cluster, which stands for a host."""
        return ("@ecs/shop",)

    def bring_up(self) -> None:
        """Begin an AWS of its own."""
        from tests.unit.ecs.amazon import amazon  # noqa: PLC0415  # moto takes a second

        folder = Path(self.ends.enter_context(tempfile.TemporaryDirectory()))
        before = dict(os.environ)
        with mock.patch.dict(os.environ):
            keys = self.ends.enter_context(pytest.MonkeyPatch.context())
            self.site = self.ends.enter_context(amazon(keys, folder))
            self.told = {name: text for name, text in os.environ.items() if before.get(name) != text}
        _lay(self.inventory, {"services": {self.scaled: {"instances": {"min": 1}}}})

    def take_down(self) -> None:
        """End it."""
        with self.at_home():
            self.ends.close()

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Have it in the environment while a test uses it."""
        with mock.patch.dict(os.environ, self.told):
            yield

    def described(self, folder: Path, changes: Mapping[str, Any]) -> Path:
        """Copy its inventory with changes."""
        shutil.copytree(self.inventory.parent, folder / "inventories")
        copy = folder / "inventories" / self.inventory.name
        _lay(copy, changes)
        return copy

    def make_good(self) -> None:
        """See that a good release is live."""
        if self.is_good():
            return
        self.eventually("nobody has the lease", lambda: not self.status()["leases"])
        self.run("deploy", release=GOOD[0])
        if not self.served():
            self.run("startup")
        assert self.is_good(), self.status()

    def pending(self) -> bool:
        """Tell whether a schedule is armed that would put the weights back."""
        return any(group.schedules for group in self.site.plane.scheduler.schedule_groups.values())

    def running(self) -> int:
        """Count the tasks of the service that is scaled, in the live slot."""
        name = f"shop-aws-{self.scaled}-{self.status()['live_slot']}"
        return next(int(each.running_count) for each in self.site.plane.ecs.services.values() if each.name == name)


def _lay(inventory: Path, changes: Mapping[str, Any]) -> None:
    file = inventory.with_name("shop.yaml")
    system = yaml.safe_load(file.read_text())
    lay(system, changes)
    file.write_text(yaml.safe_dump(system, sort_keys=False))


SUBJECTS = (*HOSTED, Cloud("ecs", "shop", scaled="web", first="api"))
