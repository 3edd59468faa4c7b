"""Two edges: both cut over, and whoever dies in between, both end on the same release."""

from __future__ import annotations

import pytest

from lab.hosts import named
from tests.lab.inventory import CONFIRM_SECONDS, LATE_SECONDS, QUICK, inventory

pytestmark = pytest.mark.lab

MARGIN_SECONDS = 10
EDGES = ("edge", "web2")
AT = {name: f"http://{named(name).address}" for name in EDGES}


@pytest.fixture
def both(tmp_path, start):
    """The lab with web2 as its second edge, both serving 1.0.0."""
    made = inventory(tmp_path / "two", QUICK, second_edge=True)
    # a startup or a deploy of 1.0.0 would find nothing to do
    run = start("restart", inventory=made)
    assert run.wait() == 0, run.end
    return made


def served(fleet):
    return [fleet.served(at=AT[edge]) for edge in EDGES]


def settled(fleet, release):
    return served(fleet) == [release, release] and not any(fleet.unconfirmed(edge) for edge in EDGES)


def nothing_failed(*loads):
    assert [load.report().failures[:3] for load in loads] == [()] * len(loads)


def test_both_edges_move_together(fleet, start, load, both):
    assert served(fleet) == ["1.0.0", "1.0.0"]
    with load(AT["edge"]) as one, load(AT["web2"]) as other:
        assert start("deploy", inventory=both, release="1.1.0").wait() == 0
        assert settled(fleet, "1.1.0")
        assert start("rollback", inventory=both).wait() == 0
        assert settled(fleet, "1.0.0")
    nothing_failed(one, other)
    assert fleet.record("edge") == fleet.record("web2")
    assert start("deploy", inventory=both, release="1.3.0").wait() == 1
    assert settled(fleet, "1.0.0")


def cut_off_before_the_confirmation(fleet, start, both):
    """Deploy until what the controller sends to the second edge is lost, and edges still hear each other."""
    drop = "INPUT -p tcp --dport 22 -j DROP"
    for release in ("1.1.0", "1.5.0", "1.1.0", "1.5.0"):
        run = start("deploy", inventory=both, release=release)
        # web2 serves programs too: nothing but the confirmation is left to be sent to it after this step
        run.wait_for_step("see that nothing restarts", "web2")
        run.pause()
        fleet.sh("web2", f"iptables -A {drop}")
        if fleet.unconfirmed("web2"):
            return run, release
        # On a busy machine that may be too late, and then it shows nothing: once more.
        fleet.sh("web2", f"iptables -D {drop}")
        run.resume()
        assert run.wait() == 0, run.end
    raise AssertionError("paused too late each time: this test shows nothing")


def test_an_edge_that_heard_no_confirmation_asks_the_first_one(fleet, start, load, both):
    with load(AT["edge"]) as one, load(AT["web2"]) as other:
        run, release = cut_off_before_the_confirmation(fleet, start, both)
        run.resume()
        run.wait_for_step("confirm", "edge")
        run.kill()
        fleet.eventually(
            "the second edge has confirmed",
            lambda: settled(fleet, release),
            seconds=CONFIRM_SECONDS + LATE_SECONDS + MARGIN_SECONDS,
        )
    assert fleet.record("web2") == fleet.record("edge")
    assert any(entry.get("step") == "confirmed by another edge" for entry in fleet.journal("web2"))
    nothing_failed(one, other)


def test_both_edges_go_back_when_nobody_confirmed(fleet, start, load, both):
    with load(AT["edge"]) as one, load(AT["web2"]) as other:
        run = start("deploy", inventory=both, release="1.1.0")
        for edge in EDGES:
            run.wait_for_step("cut over", edge)
        run.kill()
        fleet.eventually(
            "both are back",
            lambda: settled(fleet, "1.0.0"),
            seconds=CONFIRM_SECONDS + LATE_SECONDS + MARGIN_SECONDS,
        )
    assert fleet.record("web2") == fleet.record("edge")
    nothing_failed(one, other)
