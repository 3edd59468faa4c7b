from __future__ import annotations

import pytest

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.intent import Verb
from handrail.model.plan import Plan
from handrail.model.roles import Roles
from handrail.model.rollout import DEPLOY, SHUTDOWN, STARTUP
from handrail.model.slot import Slot
from handrail.model.step import Scope, Step, in_order

ROLES = Roles(
    hosts=("web1", "web2", "edge1", "edge2", "db1"),
    services=("web1", "web2"),
    edges=("edge1", "edge2"),
    data=("db1",),
    migrator="web1",
    services_of={"web1": frozenset({"api"}), "web2": frozenset({"api"})},
)
COLD = Plan(Verb.DEPLOY, Slot.BLUE, Slot.GREEN, "1.1.0-000000000000", migrate=True)


@pytest.fixture
def fleet():
    known = Fleet(ROLES, plan=COLD)
    record(known, Do.LEASE, ROLES.hosts)
    return known


def record(fleet, do, hosts, outcome=Outcome.OK, part=0):
    for host in hosts:
        fleet.record(do, host, outcome, part=part)


def cut_over(fleet):
    record(fleet, Do.START, ROLES.services)
    record(fleet, Do.CUT_OVER, ROLES.edges)


def hosts_of(fleet, do, part=0, table=DEPLOY):
    step = next(step for step in table if (step.do, step.part) == (do, part))
    return [host for host in ROLES.hosts if step.runs_on(host, fleet)]


@pytest.mark.parametrize(
    ("scope", "hosts"),
    [
        (Scope.FIRST, ("web1",)),
        (Scope.OTHERS, ("web2", "edge1", "edge2", "db1")),
        (Scope.SERVICES, ("web1", "web2")),
        (Scope.SERVING, ("web1", "web2", "edge1", "edge2")),
        (Scope.MIGRATOR, ("web1",)),
        (Scope.DECIDER, ("edge1",)),
        (Scope.FOLLOWERS, ("edge2",)),
        (Scope.DATA, ("db1",)),
    ],
)
def test_a_scope_names_its_hosts_in_the_order_of_all_hosts(fleet, scope, hosts):
    assert Step(Do.DRAIN, "", scope, lambda _: True).hosts(fleet) == hosts


def test_nothing_is_cut_over_before_every_host_is_started_and_well(fleet):
    order = [step.do for step in DEPLOY]
    assert order.index(Do.START) < order.index(Do.SHARE) < order.index(Do.CUT_OVER)
    record(fleet, Do.START, ["web1"])
    record(fleet, Do.START, ["web2"], Outcome.FAILED)
    assert not hosts_of(fleet, Do.CUT_OVER)


def test_the_deciding_edge_is_cut_over_before_the_others(fleet):
    cutovers = [step.on for step in DEPLOY if step.do is Do.CUT_OVER]
    assert cutovers == [Scope.DECIDER, Scope.FOLLOWERS]


def test_an_interrupted_run_takes_no_lease():
    fleet = Fleet(ROLES, interrupted=True)
    assert not hosts_of(fleet, Do.LEASE)


def test_hosts_that_gave_different_tokens_are_asked_to_agree(fleet):
    fleet.tokens = {"web1": 2, "web2": 2}
    assert not hosts_of(fleet, Do.LEASE, part=1)
    fleet.tokens["edge1"] = 7
    assert hosts_of(fleet, Do.LEASE, part=1) == list(ROLES.hosts)
    assert fleet.token == 7


def test_a_warm_slot_is_neither_staged_nor_started(fleet):
    fleet.plan = Plan(Verb.ROLLBACK, Slot.BLUE, Slot.GREEN, "1.0.0-000000000000", warm=True)
    assert not hosts_of(fleet, Do.STAGE)
    assert not hosts_of(fleet, Do.START)
    assert not hosts_of(fleet, Do.BAKE)
    assert hosts_of(fleet, Do.CUT_OVER) == ["edge1"]


def test_where_there_is_nothing_to_do_only_the_lease_is_given_back(fleet):
    fleet.plan = Plan(Verb.DEPLOY, Slot.BLUE, Slot.GREEN, "1.1.0-000000000000", nothing=True)
    ran = [step.do for step in DEPLOY if step.do not in {Do.LEASE, Do.PLAN} and hosts_of(fleet, step.do, step.part)]
    assert ran == [Do.FINISH]


def test_the_other_edges_confirm_only_what_the_first_has_confirmed(fleet):
    cut_over(fleet)
    assert not hosts_of(fleet, Do.CONFIRM, part=1)
    record(fleet, Do.CONFIRM, ["edge1"])
    assert hosts_of(fleet, Do.CONFIRM, part=1) == ["edge2"]


def test_a_failure_behind_the_edge_sends_every_edge_back(fleet):
    cut_over(fleet)
    record(fleet, Do.VERIFY, ["edge2"], Outcome.FAILED)
    assert not hosts_of(fleet, Do.CONFIRM)
    assert hosts_of(fleet, Do.GO_BACK) == ["edge1", "edge2"]


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.INTERRUPTED])
def test_an_edge_that_may_have_decided_is_not_contradicted(fleet, outcome):
    cut_over(fleet)
    record(fleet, Do.CONFIRM, ["edge1"], outcome)
    assert not hosts_of(fleet, Do.GO_BACK)
    assert not hosts_of(fleet, Do.STOP)


def test_an_interruption_after_the_decision_does_not_keep_the_others_from_confirming(fleet):
    cut_over(fleet)
    record(fleet, Do.CONFIRM, ["edge1"])
    fleet.interrupted = True
    assert hosts_of(fleet, Do.CONFIRM, part=1) == ["edge2"]
    assert not hosts_of(fleet, Do.GO_BACK)


def test_the_idle_slot_is_stopped_only_where_every_edge_is_known_to_have_left_it(fleet):
    cut_over(fleet)
    record(fleet, Do.VERIFY, ["edge1"], Outcome.FAILED)
    record(fleet, Do.GO_BACK, ["edge1"])
    record(fleet, Do.GO_BACK, ["edge2"], Outcome.UNKNOWN)
    assert not hosts_of(fleet, Do.STOP)
    record(fleet, Do.GO_BACK, ["edge2"])
    assert hosts_of(fleet, Do.STOP) == ["web1", "web2"]


def test_an_idle_slot_that_never_had_traffic_is_stopped_after_a_failure(fleet):
    record(fleet, Do.START, ROLES.services, Outcome.FAILED)
    assert not hosts_of(fleet, Do.GO_BACK)
    assert hosts_of(fleet, Do.STOP) == ["web1", "web2"]


def test_a_run_that_was_overtaken_sends_nothing_more(fleet):
    cut_over(fleet)
    record(fleet, Do.VERIFY, ["edge1"], Outcome.REFUSED)
    assert not [do for do in (Do.GO_BACK, Do.STOP, Do.DRAIN, Do.FINISH) if hosts_of(fleet, do)]


def test_only_hosts_whose_lease_was_taken_give_it_back(fleet):
    record(fleet, Do.LEASE, ["edge2"], Outcome.HELD)
    record(fleet, Do.LEASE, ["db1"], Outcome.UNKNOWN)
    assert hosts_of(fleet, Do.FINISH) == ["web1", "web2", "edge1"]


def test_services_start_one_generation_after_the_other_and_stop_the_other_way_round():
    expanded = list(in_order(DEPLOY, generations=3))
    assert [step.part for step in expanded if step.do is Do.START] == [0, 1, 2]
    assert [step.part for step in expanded if step.do is Do.STOP] == [2, 1, 0]


def test_a_startup_resumes_traffic_after_the_services_and_a_shutdown_holds_it_before():
    up, down = [step.do for step in STARTUP], [step.do for step in SHUTDOWN]
    assert up.index(Do.START_DATA) < up.index(Do.START) < up.index(Do.RESUME)
    assert down.index(Do.HOLD) < down.index(Do.DRAIN) < down.index(Do.STOP) < down.index(Do.STOP_DATA)
