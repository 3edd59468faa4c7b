from __future__ import annotations

from dataclasses import replace

import pytest

from handrail.errors import ReleaseUnknown
from handrail.model.decide import decide
from handrail.model.host_state import Gate, HostState, Pending, UnitState
from handrail.model.intent import Intent, Verb
from handrail.model.roles import Roles
from handrail.model.slot import Slot
from handrail.model.version import Release

OLD, NEW, NEXT = (Release(version, "0" * 64) for version in ("1.0.0", "1.1.0", "1.2.0"))
ROLES = Roles(
    hosts=("web1", "web2", "edge1", "edge2"),
    services=("web1", "web2"),
    edges=("edge1", "edge2"),
    services_of={"web1": frozenset({"api"}), "web2": frozenset({"api"})},
)
WEB = HostState(
    slots={Slot.BLUE: OLD.id, Slot.GREEN: NEW.id},
    healthy=frozenset({("api", Slot.BLUE), ("api", Slot.GREEN)}),
    good=(OLD.id, NEW.id),
    staged={OLD.id: OLD.digest, NEW.id: NEW.digest},
)
EDGE = HostState(gate=Gate(confirmed=Slot.GREEN, record_token=3))


def states(**changed):
    return {"web1": WEB, "web2": WEB, "edge1": EDGE, "edge2": EDGE} | changed


def deploy(release, **changed):
    return decide(Intent(Verb.DEPLOY, release), states(**changed), ROLES)


def test_the_release_that_is_served_and_healthy_leaves_nothing_to_do():
    assert deploy(NEW).nothing


def test_the_release_that_is_served_but_not_healthy_everywhere_is_deployed_again():
    sick = replace(WEB, healthy=frozenset({("api", Slot.BLUE)}))
    plan = deploy(NEW, web2=sick)
    assert not plan.nothing
    assert plan.slot is Slot.BLUE


DOWN = UnitState(state="inactive (dead)")


def shutdown(unit, *, with_database=False, store=DOWN):
    held = replace(EDGE, gate=replace(EDGE.gate, maintenance=True))
    web = replace(WEB, units={("api", Slot.GREEN, 1): unit}, healthy=frozenset(), datastores={"postgresql": store})
    roles = replace(ROLES, data=("web1",))
    intent = Intent(Verb.SHUTDOWN, with_database=with_database)
    return decide(intent, states(web1=web, web2=web, edge1=held, edge2=held), roles)


def test_what_is_down_and_stays_down_leaves_a_shutdown_nothing_to_do():
    assert shutdown(DOWN).nothing
    assert shutdown(DOWN, with_database=True).nothing
    assert shutdown(UnitState(state="exited (0)")).nothing


@pytest.mark.parametrize(
    "state", ["activating (auto-restart)", "deactivating (stop-sigterm)", "restarting", "waiting restart", "paused"]
)
def test_what_is_between_two_tries_or_still_stopping_is_not_down(state):
    assert not shutdown(UnitState(state=state)).nothing
    assert not shutdown(DOWN, with_database=True, store=UnitState(state=state)).nothing


def test_what_answers_is_not_down_whatever_its_runtime_tells():
    held = replace(EDGE, gate=replace(EDGE.gate, maintenance=True))
    assert not decide(Intent(Verb.SHUTDOWN), states(edge1=held, edge2=held), ROLES).nothing


def test_what_comes_back_at_boot_is_not_shut_down():
    assert not shutdown(UnitState(state="failed (failed)", enabled=True)).nothing


def test_a_release_that_runs_healthy_in_the_idle_slot_is_warm():
    plan = decide(Intent(Verb.ROLLBACK), states(), ROLES)
    assert plan.warm
    assert (plan.live, plan.slot, plan.change) == (Slot.GREEN, Slot.BLUE, "1.1.0 -> 1.0.0")


def test_what_is_deployed_is_started_anew_with_todays_description():
    assert not deploy(OLD).warm
    assert not deploy(NEXT).warm


def test_a_release_that_lacks_on_one_host_is_cold():
    lacking = states(web2=replace(WEB, slots={Slot.GREEN: NEW.id}))
    assert not decide(Intent(Verb.ROLLBACK), lacking, ROLES).warm


def test_an_edge_that_nobody_has_told_has_no_say_beside_one_that_was():
    sick = replace(WEB, healthy=frozenset({("api", Slot.GREEN), *((name, Slot.BLUE) for name in ("api", "web"))}))
    plan = decide(Intent(Verb.RESTART), states(edge2=HostState(), web2=sick), ROLES)
    assert (plan.live, plan.settle) == (Slot.GREEN, True)


def test_a_new_edge_is_told_also_where_all_else_is_as_it_should_be():
    blue = HostState(gate=Gate(Slot.BLUE, record_token=3))
    served = {host: replace(WEB, slots={Slot.BLUE: NEW.id}) for host in ("web1", "web2")}
    assert deploy(NEW, edge1=blue, edge2=blue, **served).nothing
    assert not deploy(NEW, edge1=blue, edge2=HostState(), **served).nothing


def test_a_cutover_that_nobody_confirmed_is_settled_first():
    pending = HostState(gate=Gate(Slot.GREEN, 3, pending=(Pending(Slot.BLUE, 4, 30.0),)))
    plan = deploy(NEW, edge2=pending)
    assert plan.settle
    assert not plan.nothing


def test_a_share_that_a_dead_run_left_is_settled_first():
    assert deploy(NEXT, edge1=HostState(gate=Gate(Slot.GREEN, 3, shares=((Slot.BLUE, 10),)))).settle


def test_where_edges_disagree_the_newest_confirmed_slot_that_is_healthy_wins():
    plan = deploy(NEXT, edge1=HostState(gate=Gate(Slot.BLUE, 4)))
    assert (plan.live, plan.settle) == (Slot.BLUE, True)


def test_where_edges_disagree_a_newer_slot_that_is_not_healthy_loses():
    sick = replace(WEB, healthy=frozenset({("api", Slot.GREEN)}))
    plan = deploy(NEXT, edge1=HostState(gate=Gate(Slot.BLUE, 4)), web2=sick)
    assert (plan.live, plan.settle) == (Slot.GREEN, True)


def test_new_edges_learn_from_the_services_which_slot_is_live():
    plan = decide(Intent(Verb.RESTART), states(edge1=HostState(), edge2=HostState()), ROLES)
    assert (plan.live, plan.release_id, plan.settle) == (Slot.GREEN, NEW.id, True)


@pytest.mark.parametrize("good", [(OLD.id,), (NEW.id,), (), ("0.8-a", "0.9-b", OLD.id)])
def test_new_edges_learn_from_a_host_that_knows_both_slots(good):
    """One host may be new, or have missed the last record."""
    new = HostState(gate=Gate())
    some = replace(WEB, good=good)
    plan = decide(Intent(Verb.RESTART), states(edge1=new, edge2=new, web1=some), ROLES)
    assert (plan.live, plan.release_id) == (Slot.GREEN, NEW.id)


def test_a_slot_that_somebody_chose_by_hand_stays_live():
    by_hand = HostState(gate=Gate(Slot.BLUE, record_token=0))
    plan = decide(Intent(Verb.RESTART), states(edge1=by_hand, edge2=by_hand), ROLES)
    assert (plan.live, plan.release_id, plan.settle) == (Slot.BLUE, OLD.id, False)


def test_the_first_deploy_goes_to_green_and_finds_nothing_to_settle():
    empty = dict.fromkeys(ROLES.hosts, HostState())
    plan = decide(Intent(Verb.DEPLOY, NEW), empty, ROLES)
    assert (plan.slot, plan.settle, plan.warm, plan.change) == (Slot.GREEN, False, False, "nothing -> 1.1.0")


def test_a_rollback_skips_the_current_release():
    plan = decide(Intent(Verb.ROLLBACK), states(), ROLES)
    assert (plan.release_id, plan.warm, plan.digest) == (OLD.id, True, OLD.digest)


def test_a_rollback_to_a_named_version_needs_it_among_the_good_ones():
    assert decide(Intent(Verb.ROLLBACK, version="1.0.0"), states(), ROLES).release_id == OLD.id
    with pytest.raises(ReleaseUnknown, match=r"release 9\.9\.9 is not on the hosts"):
        decide(Intent(Verb.ROLLBACK, version="9.9.9"), states(), ROLES)


def test_a_rollback_without_an_earlier_good_release_is_refused():
    young = replace(WEB, good=(NEW.id,))
    with pytest.raises(ReleaseUnknown, match="an earlier good release is not on the hosts"):
        decide(Intent(Verb.ROLLBACK), states(**dict.fromkeys(ROLES.services, young)), ROLES)


@pytest.mark.parametrize("version", ["", OLD.version])
def test_a_host_that_is_new_refuses_no_rollback(version):
    new = replace(WEB, good=(NEW.id,), slots={Slot.GREEN: NEW.id}, staged={NEW.id: NEW.digest})
    plan = decide(Intent(Verb.ROLLBACK, version=version), states(**{ROLES.services[0]: new}), ROLES)
    assert (plan.release_id, plan.digest, plan.warm) == (OLD.id, OLD.digest, False)


def test_a_host_that_missed_the_last_deploy_does_not_say_where_a_rollback_goes():
    """Its list is longer, for nothing was pushed out of it."""
    behind = replace(WEB, good=("0.1-a", "0.2-b", "0.3-c", OLD.id))
    plan = decide(Intent(Verb.ROLLBACK), states(**{ROLES.services[-1]: behind}), ROLES)
    assert plan.release_id == OLD.id
    far = replace(WEB, good=("0.7-a", "0.8-b", "0.9-c", "0.9.1-d"))
    assert decide(Intent(Verb.ROLLBACK), states(**{ROLES.services[-1]: far}), ROLES).release_id == OLD.id


def test_a_restart_brings_the_live_release_to_the_idle_slot():
    plan = decide(Intent(Verb.RESTART), states(), ROLES)
    assert (plan.release_id, plan.slot, plan.warm, plan.nothing) == (NEW.id, Slot.BLUE, False, False)


def test_a_restart_needs_a_live_release():
    empty = dict.fromkeys(ROLES.hosts, HostState())
    with pytest.raises(ReleaseUnknown, match="no live release to restart"):
        decide(Intent(Verb.RESTART), empty, ROLES)
