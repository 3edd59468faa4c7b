from __future__ import annotations

import pytest

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.intent import Verb
from handrail.model.plan import Plan
from handrail.model.roles import Roles
from handrail.model.slot import Slot
from handrail.model.verdict import verdict

ROLES = Roles(hosts=("web1", "edge1", "edge2"), services=("web1",), edges=("edge1", "edge2"))
PLAN = Plan(Verb.DEPLOY, Slot.BLUE, Slot.GREEN, "1.1.0-000000000000", live_release="1.0.0-000000000000")


@pytest.fixture
def fleet():
    known = Fleet(ROLES, plan=PLAN)
    record(known, Do.LEASE, ROLES.hosts)
    return known


def record(fleet, do, hosts, outcome=Outcome.OK, *, part=0, words=""):
    for host in hosts:
        fleet.record(do, host, outcome, part=part, words=words)


def confirmed(fleet):
    record(fleet, Do.CUT_OVER, ROLES.edges)
    record(fleet, Do.CONFIRM, ["edge1"])
    record(fleet, Do.CONFIRM, ["edge2"], part=1)


def judged(fleet):
    end = verdict(fleet)
    return end.exit_code, end.word, end.hosts


def test_a_confirmed_deploy_is_done(fleet):
    confirmed(fleet)
    assert judged(fleet) == (0, "done", ())
    assert verdict(fleet).text == "1.0.0 -> 1.1.0"


def test_nothing_to_do_is_said(fleet):
    fleet.plan = Plan(Verb.DEPLOY, Slot.BLUE, Slot.GREEN, "1.1.0-000000000000", nothing=True)
    assert judged(fleet) == (0, "unchanged", ())


def test_a_lost_record_does_not_make_a_confirmed_deploy_fail(fleet):
    confirmed(fleet)
    record(fleet, Do.FINISH, ["web1"], Outcome.UNKNOWN)
    assert judged(fleet) == (0, "done", ("web1",))
    assert "the record is missing on web1" in verdict(fleet).text


def test_a_failure_before_the_cutover_says_that_nothing_served_has_changed(fleet):
    record(fleet, Do.STAGE, ["web1"], Outcome.FAILED, words="the disk is full")
    assert judged(fleet) == (1, "failed", ("web1",))
    assert verdict(fleet).text == "stage failed on web1: the disk is full; nothing that is served has changed"


def test_a_failure_after_the_cutover_says_that_every_edge_is_back(fleet):
    record(fleet, Do.CUT_OVER, ROLES.edges)
    record(fleet, Do.VERIFY, ["edge1"], Outcome.FAILED, words="answered 500")
    record(fleet, Do.GO_BACK, ROLES.edges)
    assert judged(fleet)[:2] == (1, "failed")
    assert verdict(fleet).text == "verify failed on edge1: answered 500; every edge is back on the old release"


def test_an_edge_that_did_not_answer_when_sent_back_is_named(fleet):
    record(fleet, Do.CUT_OVER, ROLES.edges)
    record(fleet, Do.VERIFY, ["edge1"], Outcome.FAILED)
    record(fleet, Do.GO_BACK, ["edge1"])
    record(fleet, Do.GO_BACK, ["edge2"], Outcome.UNKNOWN)
    assert judged(fleet) == (5, "unknown", ("edge2",))


def test_an_edge_that_did_not_answer_when_settled_is_named(fleet):
    record(fleet, Do.SETTLE, ["edge1"])
    record(fleet, Do.SETTLE, ["edge2"], Outcome.UNKNOWN)
    assert judged(fleet) == (5, "unknown", ("edge2",))


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.INTERRUPTED])
def test_a_decision_that_was_not_heard_leaves_every_edge_unknown(fleet, outcome):
    record(fleet, Do.CUT_OVER, ROLES.edges)
    record(fleet, Do.CONFIRM, ["edge1"], outcome)
    assert judged(fleet) == (5, "unknown", ROLES.edges)


def test_an_edge_that_did_not_hear_the_decision_is_named(fleet):
    confirmed(fleet)
    record(fleet, Do.CONFIRM, ["edge2"], Outcome.UNKNOWN, part=1)
    assert judged(fleet) == (5, "unknown", ("edge2",))


def test_a_held_lease_names_its_holder(fleet):
    record(fleet, Do.LEASE, ["edge1"], Outcome.HELD, words="ana holds the lease")
    assert judged(fleet) == (4, "held", ("edge1",))
    assert verdict(fleet).text == "edge1: ana holds the lease"


def test_a_run_that_was_overtaken_says_so(fleet):
    record(fleet, Do.START, ["web1"], Outcome.REFUSED, words="token 2 is older than 3")
    assert judged(fleet) == (4, "fenced", ("web1",))
    assert "token 2 is older than 3" in verdict(fleet).text


def test_an_interrupted_run_that_touched_nothing_has_failed(fleet):
    fleet.interrupted = True
    assert judged(fleet) == (1, "failed", ())
    assert verdict(fleet).text == "stopped by the operator; nothing that is served has changed"


@pytest.mark.parametrize(
    ("verb", "do", "done"),
    [(Verb.HOLD, Do.HOLD, "traffic is held"), (Verb.RESUME, Do.RESUME, "traffic is let in")],
)
@pytest.mark.parametrize(
    ("other", "code", "words"),
    [
        (Outcome.UNKNOWN, 5, "{done} on edge1, not known on edge2: the same command again"),
        (Outcome.FAILED, 5, "{done} on edge1, as before on edge2: the same command again"),
        (None, 5, "{done} on edge1, as before on edge2: the same command again"),
    ],
)
def test_edges_that_may_not_agree_on_a_hold_are_told_apart(fleet, verb, do, done, other, code, words):
    fleet.plan = Plan(verb, Slot.BLUE, Slot.GREEN, "")
    record(fleet, do, ["edge1"])
    if other is None:
        record(fleet, Do.FINISH, ["web1"], Outcome.FAILED)
    else:
        record(fleet, do, ["edge2"], other)
    assert judged(fleet) == (code, "unknown", ("edge2",))
    assert verdict(fleet).text.endswith(words.format(done=done))


def test_a_hold_that_failed_on_every_edge_has_changed_nothing(fleet):
    fleet.plan = Plan(Verb.HOLD, Slot.BLUE, Slot.GREEN, "")
    record(fleet, Do.HOLD, ROLES.edges, Outcome.FAILED)
    assert judged(fleet) == (1, "failed", ROLES.edges)


def test_a_shutdown_that_failed_after_its_hold_is_a_failure(fleet):
    fleet.plan = Plan(Verb.SHUTDOWN, Slot.BLUE, Slot.GREEN, "")
    record(fleet, Do.HOLD, ROLES.edges)
    record(fleet, Do.STOP, ["web1"], Outcome.FAILED)
    assert judged(fleet) == (1, "failed", ("web1",))
