"""How tests are dealt out: everything once, hosts to one process at a time, what may be left out last."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests import budget
from tests.dealing import SYSTEMS, BySystem, system_of

WORKERS = 4
TODAY = 739_000
LIMITS = [None, budget.Limit(0.0, TODAY)]
ON_HOSTS = [
    f"tests/lab/conformance/test_releases.py::test_{number}[{runtime}]"
    for runtime in ("systemd", "pm2", "docker", "compose", "ecs")
    for number in range(5)
]
OTHERS = [f"tests/unit/test_shell.py::test_{number}" for number in range(40)]
LONG = [f"{path}::{name or 'test_any'}" for path, names in budget.SECONDS.items() for name in names]
TESTS = [*OTHERS[:20], *ON_HOSTS, *OTHERS[20:], *LONG]
FEW = [*ON_HOSTS[:5], *LONG]


class Worker:
    """A process of pytest-xdist: it begins a test when it knows the one after it, or that there is none."""

    def __init__(self, number):
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.given = []
        self.shutting_down = False

    def send_runtest_some(self, indexes):
        self.given.extend(indexes)

    def shutdown(self):
        self.shutting_down = True

    @property
    def can_begin(self):
        return len(self.given) > 1 or (self.given and self.shutting_down)


def begun_by(workers, tests, limit, dies=None):
    """Give the tests that were begun at each step; one process may die at a step, and another one comes."""
    option = SimpleNamespace(tx=["popen"] * WORKERS, loadscopereorder=False)
    scheduler = BySystem(SimpleNamespace(option=option, limit=limit, getvalue=lambda name: getattr(option, name)))
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    steps = []
    while scheduler.has_pending:
        if len(steps) == dies:
            scheduler.remove_node(workers.pop())
            workers.append(Worker(WORKERS))
            scheduler.add_node(workers[-1])
            scheduler.add_node_collection(workers[-1], tests)
            scheduler.schedule()
        began = [(worker, worker.given[0]) for worker in workers if worker.can_begin]
        if not began:
            assert scheduler.tests_finished, "nobody begins anything, and xdist would wait for ever"
            for worker in workers:
                worker.shutdown()
            continue
        steps.append([tests[index] for _, index in began])
        for worker, index in began:
            worker.given.pop(0)
            scheduler.mark_test_complete(worker, index)
        for worker in workers:
            waits = not worker.can_begin and not worker.shutting_down
            assert not waits or next(scheduler._wanted(worker), None) is None, f"{worker.gateway.id} waits in vain"
    return steps


def dealt(tests, limit, dies=None):
    return begun_by([Worker(number) for number in range(WORKERS)], tests, limit, dies)


@pytest.mark.parametrize("limit", LIMITS, ids=["no limit", "limit"])
@pytest.mark.parametrize("tests", [TESTS, FEW, ON_HOSTS, OTHERS[:2]], ids=["all", "much for later", "hosts", "two"])
def test_every_test_is_dealt_out_once(tests, limit):
    assert sorted(nodeid for step in dealt(tests, limit) for nodeid in step) == sorted(tests)


@pytest.mark.parametrize("limit", LIMITS, ids=["no limit", "limit"])
@pytest.mark.parametrize("tests", [TESTS, FEW, ON_HOSTS], ids=["all", "much for later", "hosts"])
def test_the_hosts_of_a_system_have_one_test_at_a_time(tests, limit):
    for step in dealt(tests, limit):
        used = [system_of(nodeid) for nodeid in step if system_of(nodeid) in SYSTEMS]
        assert len(used) == len(set(used)), step


@pytest.mark.parametrize("limit", LIMITS, ids=["no limit", "limit"])
@pytest.mark.parametrize("tests", [TESTS, FEW], ids=["all", "much for later"])
@pytest.mark.parametrize("dies", [1, 5, 12])
def test_what_a_process_that_died_had_to_do_is_done_by_others(tests, limit, dies):
    assert {nodeid for step in dealt(tests, limit, dies) for nodeid in step} == set(tests)


def test_with_a_limit_what_may_be_left_out_begins_when_all_else_was_given_away():
    limit = budget.Limit(0.0, TODAY)
    steps = dealt(TESTS, limit)
    first = next(number for number, step in enumerate(steps) if any(limit.may_wait(nodeid) for nodeid in step))
    rest = [nodeid for step in steps[first:] for nodeid in step if not limit.may_wait(nodeid)]
    # What was given to a process before stays with it: the rest of the tests on its hosts, and the next two.
    assert len({system_of(nodeid) for nodeid in rest}) <= 3 * WORKERS
    assert len(rest) < sum(not limit.may_wait(nodeid) for nodeid in TESTS) / 2


def test_hosts_are_begun_in_the_order_of_their_work():
    begun = [system_of(nodeid) for step in dealt(TESTS, LIMITS[1]) for nodeid in step]
    firsts = [begun.index(system) for system in SYSTEMS]
    assert firsts == sorted(firsts)
