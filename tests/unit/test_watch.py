"""How long a run's leases are renewed."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import gevent
import pytest

from handrail.hosts.script import Reply
from handrail.model.fleet import Do, Outcome
from handrail.model.step import Scope, Step
from handrail.orchestration.watch import RENEWALS, Watch

# As short as a test can wait for, as long as a busy machine needs between two of them.
EVERY_SECONDS = 0.1
REPLY_SECONDS = 0.05


class SlowLine:
    """Hosts whose replies take a while."""

    def __init__(self) -> None:
        self.begun = 0
        self.answered = 0

    def send(self, *_: object) -> Reply:
        self.begun += 1
        gevent.sleep(REPLY_SECONDS)
        self.answered += 1
        return Reply(Outcome.OK, "", ())


@pytest.fixture
def watch():
    times = SimpleNamespace(lease=timedelta(seconds=EVERY_SECONDS * RENEWALS))
    run = SimpleNamespace(environment=SimpleNamespace(system=SimpleNamespace(times=times)))
    return Watch(run, None, line=SlowLine())


def until(condition) -> None:
    with gevent.Timeout(10):
        while not condition():
            gevent.sleep(0.005)


def test_lease_is_renewed_again_and_again(watch):
    watch.keep(SimpleNamespace(name="web1"), lambda *_: None)
    until(lambda: watch.line.answered >= 3)


def test_renewal_under_way_is_over_before_the_lease_is_given_back(watch):
    host = SimpleNamespace(name="web1")
    watch.keep(host, lambda *_: None)
    until(lambda: watch.line.begun > watch.line.answered)
    watch.let_go(host)
    assert watch.line.begun == watch.line.answered


def test_lease_that_is_given_back_is_not_renewed_any_more(watch):
    host = SimpleNamespace(name="web1")
    # taken twice, as when hosts agree on one token
    watch.keep(host, lambda *_: None)
    watch.keep(host, lambda *_: None)
    watch.let_go(host)
    before = watch.line.begun
    gevent.sleep(EVERY_SECONDS * 3)
    assert watch.line.begun == before


class CutLine(SlowLine):
    """Notes whether it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.cuts = 0

    def cut(self) -> None:
        self.cuts += 1


@pytest.mark.parametrize(
    ("do", "part", "cuts"),
    [
        (Do.VERIFY, 0, 1),
        (Do.START, 0, 1),
        (Do.SPREAD, 0, 1),
        (Do.SPREAD, 1, 0),
        (Do.GO_BACK, 0, 0),
        (Do.CONFIRM, 1, 0),
        (Do.STOP, 1, 0),
        (Do.DRAIN, 0, 0),
        (Do.FINISH, 0, 0),
    ],
)
def test_ctrl_c_cuts_off_what_goes_forward_and_never_what_goes_back(do, part, cuts):
    watch = Watch(SimpleNamespace(fleet=SimpleNamespace(interrupted=False)), None, line=CutLine())
    watch.begins(Step(do, "", Scope.ALL, lambda _: True, part))
    watch._stopped(2, None)
    gevent.sleep(0.01)
    assert watch.run.fleet.interrupted
    assert watch.line.cuts == cuts


def test_host_whose_lease_was_never_taken_can_be_let_go(watch):
    watch.let_go(SimpleNamespace(name="web1"))
