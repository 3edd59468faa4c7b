from __future__ import annotations

from dataclasses import replace

import pytest

from handrail.errors import BadInput, FleetMixed, ReleaseUnknown
from handrail.model.decide import decide
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.forecast import forecast
from handrail.model.host_state import Gate, HostState, Pending
from handrail.model.intent import Intent, Verb
from handrail.model.plan import Plan
from handrail.model.roles import Roles
from handrail.model.rollout import REHEARSE
from handrail.model.slot import Slot
from handrail.model.step import Scope, in_order
from handrail.model.verdict import verdict
from handrail.model.version import Release

OLD, NEW = (Release(version, "0" * 64) for version in ("1.0.0", "1.1.0"))
# web2 is an edge, too.
ROLES = Roles(
    hosts=("web1", "web2", "edge1", "db1"),
    services=("web1", "web2"),
    edges=("edge1", "web2"),
    data=("db1",),
    migrator="web1",
    services_of={"web1": frozenset({"api"}), "web2": frozenset({"api"})},
)
GATE = Gate(confirmed=Slot.GREEN, record_token=3)
WEB = HostState(
    slots={Slot.BLUE: OLD.id, Slot.GREEN: NEW.id},
    healthy=frozenset({("api", Slot.BLUE), ("api", Slot.GREEN)}),
    good=(OLD.id, NEW.id),
    staged={OLD.id: OLD.digest, NEW.id: NEW.digest},
    gate=GATE,
)
STATES = {"web1": WEB, "web2": WEB, "edge1": HostState(gate=GATE), "db1": HostState()}
# As a rehearsal leaves a host: the live release is in the idle slot, and does not run.
REHEARSED = replace(WEB, slots={Slot.BLUE: NEW.id, Slot.GREEN: NEW.id}, healthy=frozenset({("api", Slot.GREEN)}))


def rehearse(version="", **changed):
    return decide(Intent(Verb.REHEARSE, version=version), STATES | changed, ROLES)


def played(plan, *, do=None, host="", outcome=Outcome.OK, interrupted=None):
    """Walk the table as a run does; one step on one host comes out otherwise."""
    fleet = Fleet(ROLES, states=dict(STATES), plan=plan)
    done = []
    for step in in_order(REHEARSE, generations=2):
        hosts = [each for each in ROLES.hosts if step.runs_on(each, fleet)]
        for each in hosts:
            fleet.record(step.do, each, outcome if (step.do, each) == (do, host) else Outcome.OK, part=step.part)
        fleet.interrupted = fleet.interrupted or bool(hosts and step.do is interrupted)
        done += [(step.do, step.part)] if hosts else []
    return fleet, done


def test_the_live_release_is_rehearsed_in_the_idle_slot_for_the_next_rollback_goes_there():
    plan = rehearse()
    assert (plan.release_id, plan.slot, plan.live, plan.digest) == (NEW.id, Slot.BLUE, Slot.GREEN, NEW.digest)
    assert (plan.warm, plan.nothing, plan.settle, plan.migrate) == (False, False, False, False)


def test_a_named_release_is_rehearsed_if_it_is_good_or_live():
    assert rehearse("1.0.0").release_id == OLD.id
    assert rehearse("1.1.0").release_id == NEW.id
    with pytest.raises(ReleaseUnknown, match=r"9\.9\.9 is not on the hosts"):
        rehearse("9.9.9")


def test_even_a_release_that_is_warm_is_started_anew_so_that_its_time_is_measured():
    assert not rehearse("1.0.0").warm
    found = forecast(REHEARSE, rehearse("1.0.0"), ROLES, STATES, generations=[["api"]])
    assert ("Start the idle slot: api", ("web1", "web2")) in [(one.title, one.hosts) for one in found]


@pytest.mark.parametrize(
    "gate",
    [
        replace(GATE, pending=(Pending(Slot.BLUE, 4, 20.0),)),
        replace(GATE, shares=((Slot.BLUE, 10),)),
        Gate(confirmed=Slot.BLUE, record_token=2),
    ],
)
def test_a_slot_that_an_edge_may_be_using_is_never_emptied_for_a_rehearsal(gate):
    with pytest.raises(BadInput, match="nothing was touched"):
        rehearse(edge1=HostState(gate=gate))


def test_a_live_slot_that_is_ill_keeps_the_idle_one():
    with pytest.raises(BadInput, match="green is not healthy on every host"):
        rehearse(web1=replace(WEB, healthy=frozenset({("api", Slot.BLUE)})))


def test_without_a_live_release_there_is_nothing_to_rehearse():
    empty = dict.fromkeys(ROLES.hosts, HostState())
    with pytest.raises(ReleaseUnknown, match="no rollback to rehearse"):
        decide(Intent(Verb.REHEARSE), empty, ROLES)
    with pytest.raises(FleetMixed):
        rehearse(web1=replace(WEB, slots={Slot.GREEN: OLD.id}))


def test_the_preview_says_what_is_no_longer_warm_afterwards():
    assert "1.0.0 is no longer warm there" in rehearse().note
    cold = replace(WEB, healthy=frozenset({("api", Slot.GREEN)}))
    assert rehearse(web1=cold).note == "traffic stays on green; blue is stopped again at the end"
    assert Plan(Verb.DEPLOY, Slot.BLUE, Slot.GREEN, NEW.id).note == ""


def test_no_step_of_a_rehearsal_moves_traffic_migrates_or_makes_a_release_good():
    assert {step.do for step in REHEARSE} == {
        Do.LEASE, Do.PLAN, Do.STAGE, Do.READY, Do.START, Do.STEADY, Do.STOP, Do.FINISH,
    }  # fmt: skip
    acting = [step for step in REHEARSE if step.do not in {Do.LEASE, Do.PLAN, Do.FINISH}]
    assert {step.on for step in acting} == {Scope.SERVICES}


def test_a_rehearsal_starts_looks_and_stops():
    fleet, done = played(rehearse())
    assert [do for do, _ in done] == [
        Do.LEASE, Do.LEASE, Do.PLAN, Do.STAGE, Do.READY, Do.START, Do.START, Do.STEADY, Do.STOP, Do.STOP, Do.FINISH,
    ]  # fmt: skip
    fleet.seconds |= {(Do.START, 0, "web1"): 1.0, (Do.START, 0, "web2"): 3.25, (Do.START, 1, "web1"): 1.0}
    end = verdict(fleet)
    assert (end.exit_code, end.word) == (0, "done")
    assert end.text == (
        "1.1.0 was healthy on every host after 4.2 s, in the idle slot blue, and is stopped again; "
        "traffic stayed on green"
    )


@pytest.mark.parametrize("do", [Do.START, Do.STEADY, Do.STOP])
@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.INTERRUPTED])
def test_whatever_fails_what_was_started_is_stopped_again(do, outcome):
    fleet, done = played(rehearse(), do=do, host="web1", outcome=outcome)
    assert {(Do.STOP, 1), (Do.STOP, 0), (Do.FINISH, 0)} <= set(done)
    end = verdict(fleet)
    assert end.exit_code == 1
    assert "nothing that is served has changed" in end.text


def test_what_was_started_is_stopped_after_an_interruption():
    fleet, done = played(rehearse(), interrupted=Do.START)
    assert (Do.STOP, 0) in done
    assert (Do.STEADY, 0) not in done
    assert verdict(fleet).exit_code == 1


def test_a_run_that_was_overtaken_stops_nothing():
    fleet, done = played(rehearse(), do=Do.START, host="web2", outcome=Outcome.REFUSED)
    assert (Do.STOP, 0) not in done
    assert verdict(fleet).exit_code == 4


def test_what_failed_before_anything_was_started_leaves_nothing_to_stop():
    _, done = played(rehearse(), do=Do.READY, host="web1", outcome=Outcome.FAILED)
    assert not {Do.START, Do.STOP} & {do for do, _ in done}


def test_a_rollback_after_a_rehearsal_goes_to_the_release_before_and_starts_it():
    after = STATES | {"web1": REHEARSED, "web2": REHEARSED}
    plan = decide(Intent(Verb.ROLLBACK), after, ROLES)
    assert (plan.release_id, plan.slot, plan.warm, plan.nothing) == (OLD.id, Slot.BLUE, False, False)


def test_a_deploy_of_the_live_release_after_a_rehearsal_has_nothing_to_do():
    after = STATES | {"web1": REHEARSED, "web2": REHEARSED}
    assert decide(Intent(Verb.DEPLOY, NEW), after, ROLES).nothing


def test_a_rehearsal_whose_controller_died_can_be_run_again():
    running = replace(REHEARSED, healthy=frozenset({("api", Slot.BLUE), ("api", Slot.GREEN)}))
    for web1, web2 in ((running, running), (running, WEB), (WEB, REHEARSED)):
        plan = rehearse(web1=web1, web2=web2)
        assert (plan.release_id, plan.slot, plan.warm) == (NEW.id, Slot.BLUE, False)
