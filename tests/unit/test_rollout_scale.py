"""The guards of a scale: what is started, spread, taken back and stopped, and in which order."""

from __future__ import annotations

import pytest

from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.forecast import forecast
from handrail.model.intent import OF_TERRAFORM, Verb
from handrail.model.plan import Plan
from handrail.model.rollout import HOLD, RESUME, SCALE, TABLES
from handrail.model.slot import Slot
from handrail.model.step import in_order
from handrail.model.verdict import verdict
from tests.unit.test_rollout import ROLES, record

WEB, EDGES, SERVING = ROLES.services, ROLES.edges, ROLES.serving
RELEASE = "1.1.0-000000000000"


def plan(count, *, before=1, **more):
    return Plan(
        Verb.SCALE, Slot.BLUE, Slot.BLUE, RELEASE, live_release=RELEASE,
        service="api", before=before, instances={"api": count}, **more,
    )  # fmt: skip


def leased(wanted):
    known = Fleet(ROLES, plan=wanted)
    record(known, Do.LEASE, ROLES.hosts)
    record(known, Do.PLAN, ROLES.hosts[:1])
    return known


@pytest.fixture
def fleet():
    """A fleet on which instances are added, up to the moment at which they are started."""
    known = leased(plan(3))
    record(known, Do.READY, SERVING)
    return known


def spread(fleet):
    record(fleet, Do.START, WEB)
    record(fleet, Do.SPREAD, SERVING)


def hosts_of(fleet, title):
    step = next(step for step in SCALE if step.title == title)
    return tuple(host for host in ROLES.hosts if step.runs_on(host, fleet))


def would_run(wanted):
    return [each.title for each in forecast(SCALE, wanted, ROLES, {}, generations=[["api"]])]


LEASES = ["Take the lease", "Take the lease everywhere"]
BACK, STOP_NEW = "Go back to the old instances", "Stop the new instances"


def test_a_growing_scale_starts_then_spreads_then_looks():
    assert would_run(plan(3)) == [
        *LEASES,
        "Ready the instances and the edges",
        "Start the instances: api",
        "Spread the traffic over the instances",
        "Verify through the edge",
        "See that nothing was started again",
        "Record and release the lease",
    ]


def test_a_shrinking_scale_spreads_then_drains_then_stops():
    assert would_run(plan(1, before=3)) == [
        *LEASES,
        "Ready the instances and the edges",
        "Start the instances: api",
        "Spread the traffic over the instances",
        "Verify through the edge",
        "Drain the instances that go",
        "Stop the instances that go: api",
        "Record and release the lease",
    ]


def test_where_there_is_nothing_to_do_only_the_lease_is_given_back():
    assert would_run(plan(1, nothing=True)) == [*LEASES, "Record and release the lease"]


def test_what_a_dead_run_left_is_settled_before_anything_else():
    titles = would_run(plan(3, settle=True))
    assert titles.index("Settle what a dead run left") < titles.index("Ready the instances and the edges")


def test_held_traffic_is_not_verified():
    assert "Verify through the edge" not in would_run(plan(3, held=True))


def test_nothing_is_spread_before_every_instance_is_healthy(fleet):
    record(fleet, Do.START, WEB[:1])
    record(fleet, Do.START, WEB[1:], Outcome.FAILED)
    assert not hosts_of(fleet, "Spread the traffic over the instances")


def test_a_start_that_failed_stops_the_new_instances_everywhere(fleet):
    record(fleet, Do.START, WEB[:1])
    record(fleet, Do.START, WEB[1:], Outcome.FAILED)
    assert not hosts_of(fleet, BACK)
    assert hosts_of(fleet, STOP_NEW) == WEB


def test_what_was_never_started_is_not_stopped(fleet):
    record(fleet, Do.READY, EDGES, Outcome.FAILED)
    assert not hosts_of(fleet, STOP_NEW)


def test_a_verification_that_failed_goes_back_and_then_stops(fleet):
    spread(fleet)
    record(fleet, Do.VERIFY, EDGES[:1], Outcome.FAILED)
    assert hosts_of(fleet, BACK) == SERVING
    assert not hosts_of(fleet, STOP_NEW)
    record(fleet, Do.SPREAD, SERVING, part=1)
    assert hosts_of(fleet, STOP_NEW) == WEB
    order = [step.title for step in SCALE]
    assert order.index("Verify through the edge") < order.index(BACK) < order.index(STOP_NEW)


def test_instances_that_were_started_again_go_back_too(fleet):
    spread(fleet)
    record(fleet, Do.VERIFY, EDGES)
    record(fleet, Do.STEADY, WEB[:1], Outcome.FAILED)
    assert hosts_of(fleet, BACK) == SERVING


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.FAILED, Outcome.INTERRUPTED])
def test_nothing_is_stopped_when_an_edge_did_not_go_back(fleet, outcome):
    spread(fleet)
    record(fleet, Do.VERIFY, EDGES[:1], Outcome.FAILED)
    record(fleet, Do.SPREAD, SERVING, part=1)
    record(fleet, Do.SPREAD, EDGES[1:], outcome, part=1)
    assert not hosts_of(fleet, STOP_NEW)


def test_a_service_host_that_did_not_hear_of_going_back_does_not_keep_instances_running(fleet):
    spread(fleet)
    record(fleet, Do.VERIFY, EDGES[:1], Outcome.FAILED)
    record(fleet, Do.SPREAD, SERVING, part=1)
    record(fleet, Do.SPREAD, WEB[:1], Outcome.UNKNOWN, part=1)
    assert hosts_of(fleet, STOP_NEW) == WEB


def test_a_spread_that_one_edge_did_not_hear_is_taken_back_on_all(fleet):
    record(fleet, Do.START, WEB)
    record(fleet, Do.SPREAD, SERVING)
    record(fleet, Do.SPREAD, EDGES[1:], Outcome.UNKNOWN)
    assert not hosts_of(fleet, "Verify through the edge")
    assert hosts_of(fleet, BACK) == SERVING


def test_an_operator_who_stops_a_scale_between_two_steps_gets_the_old_instances_back(fleet):
    record(fleet, Do.START, WEB)
    fleet.interrupted = True
    assert hosts_of(fleet, STOP_NEW) == WEB
    record(fleet, Do.SPREAD, SERVING)
    assert hosts_of(fleet, BACK) == SERVING
    assert not hosts_of(fleet, STOP_NEW)
    assert verdict(fleet).exit_code == 1


def test_a_run_that_was_overtaken_sends_nothing_more(fleet):
    spread(fleet)
    record(fleet, Do.VERIFY, EDGES[:1], Outcome.REFUSED)
    assert not [step.title for step in SCALE if step.do is not Do.LEASE and hosts_of(fleet, step.title)]


@pytest.mark.parametrize("do", [Do.SPREAD, Do.VERIFY])
def test_a_shrinking_scale_that_fails_stops_nothing_and_keeps_the_traffic_where_it_is(do):
    fleet = leased(plan(1, before=3))
    spread(fleet)
    record(fleet, do, EDGES[:1], Outcome.FAILED)
    titles = ("Drain the instances that go", "Stop the instances that go", BACK, STOP_NEW)
    assert not [title for title in titles if hosts_of(fleet, title)]


def test_a_scale_that_repairs_stops_nothing_when_it_fails():
    fleet = leased(plan(3, before=3))
    record(fleet, Do.START, WEB, Outcome.FAILED)
    assert not hosts_of(fleet, STOP_NEW)


def test_an_edge_that_was_not_settled_is_named_as_unknown():
    fleet = leased(plan(3, settle=True))
    record(fleet, Do.SETTLE, EDGES[:1])
    record(fleet, Do.SETTLE, EDGES[1:], Outcome.UNKNOWN)
    end = verdict(fleet)
    assert (end.exit_code, end.word, end.hosts) == (5, "unknown", EDGES[1:])


def test_how_a_scale_ended_is_told_in_one_line(fleet):
    assert verdict(fleet).text == "api: 1 -> 3 on each host"
    record(fleet, Do.START, WEB[:1], Outcome.FAILED)
    assert (verdict(fleet).exit_code, verdict(fleet).word) == (1, "failed")


@pytest.mark.parametrize(("verb", "table", "do"), [(Verb.HOLD, HOLD, Do.HOLD), (Verb.RESUME, RESUME, Do.RESUME)])
def test_the_hold_page_needs_the_edges_and_their_leases_alone(verb, table, do):
    roles = ROLES.of_edges()
    wanted = Plan(verb, Slot.BLUE, Slot.BLUE, "")
    fleet = Fleet(roles, plan=wanted)
    record(fleet, Do.LEASE, roles.hosts)
    ran = {step.do: step.hosts(fleet) for step in table if any(step.runs_on(host, fleet) for host in roles.hosts)}
    assert (ran[do], ran[Do.FINISH]) == (EDGES, EDGES)
    assert set(ran) <= {Do.LEASE, Do.PLAN, do, Do.FINISH}


def test_every_verb_has_a_table_that_takes_the_lease_first_and_gives_it_back_last():
    assert set(TABLES) == set(Verb) - OF_TERRAFORM
    for table in TABLES.values():
        every = list(in_order(table, generations=1))
        assert (every[0].do, every[-1].do) == (Do.LEASE, Do.FINISH)
