"""How tests are dealt out: everything once, hosts to one process at a time, what may be left out last."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests import budget
from tests.dealing import LATER, SYSTEMS, BySystem, kind_of, system_of

WORKERS = 4
ON_HOSTS = [
    f"tests/lab/conformance/test_releases.py::test_{number}[{runtime}]"
    for runtime in ("systemd", "pm2", "docker", "compose", "ecs")
    for number in range(5)
]
OTHERS = [f"tests/unit/test_shell.py::test_{number}" for number in range(40)]
LONG = [f"{path}::{name or 'test_any'}" for path, names in budget.SECONDS.items() for name in names]
TESTS = [*OTHERS[:20], *ON_HOSTS, *OTHERS[20:], *LONG]


class Worker:
    """A process that does what it is given, a test at each step."""

    shutting_down = False

    def __init__(self, number):
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.given = []

    def send_runtest_some(self, indexes):
        self.given.extend(indexes)

    def shutdown(self):
        self.shutting_down = True


def dealt(until, tests=TESTS):
    """Give which tests were begun, by whom, in their order: each process does one of its tests at each step."""
    option = SimpleNamespace(tx=["popen"] * WORKERS, loadscopereorder=False, until=until)
    config = SimpleNamespace(option=option, getvalue=lambda name: getattr(option, name))
    scheduler = BySystem(config)
    workers = [Worker(number) for number in range(WORKERS)]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    steps = []
    while any(worker.given for worker in workers):
        began = [(worker, worker.given.pop(0)) for worker in workers if worker.given]
        steps.append([tests[index] for _, index in began])
        for worker, index in began:
            scheduler.mark_test_complete(worker, index)
    return steps


@pytest.mark.parametrize("until", [None, 0.0])
def test_every_test_is_dealt_out_once(until):
    assert sorted(nodeid for step in dealt(until) for nodeid in step) == sorted(TESTS)


@pytest.mark.parametrize("until", [None, 0.0])
@pytest.mark.parametrize("tests", [TESTS, [*ON_HOSTS[:5], *LONG]], ids=["all", "much for later"])
def test_the_hosts_of_a_system_have_one_test_at_a_time(until, tests):
    for step in dealt(until, tests):
        used = [system_of(nodeid) for nodeid in step if system_of(nodeid) in SYSTEMS]
        assert len(used) == len(set(used)), step


def test_with_a_limit_nothing_long_begins_while_something_else_waits():
    begun = [nodeid for step in dealt(0.0) for nodeid in step]
    first = next(number for number, nodeid in enumerate(begun) if budget.seconds_of(nodeid) is not None)
    short_after = [nodeid for nodeid in begun[first:] if budget.seconds_of(nodeid) is None]
    # What was given to a process before stays with it: the rest of its hosts' tests, and two more.
    assert len({system_of(nodeid) for nodeid in short_after}) <= 3 * WORKERS
    assert not {system_of(nodeid) for nodeid in short_after} >= set(SYSTEMS)


def test_hosts_are_begun_in_the_order_of_their_work():
    begun = [system_of(nodeid) for step in dealt(0.0) for nodeid in step]
    firsts = [begun.index(system) for system in SYSTEMS]
    assert firsts == sorted(firsts)


def test_what_is_left_for_later_is_a_scope_of_its_own():
    assert kind_of("sanvi") == "hosts"
    assert not any(LATER in system_of(nodeid) for nodeid in TESTS)
