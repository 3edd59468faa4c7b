"""Plans for another number of instances, and for the hold page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handrail.errors import BadInput, FleetMixed, ReleaseUnknown
from handrail.model.decide import decide
from handrail.model.host_state import Gate, HostState, Pending
from handrail.model.intent import Intent, Verb, checked_message
from handrail.model.roles import Limits, Roles
from handrail.model.scale import scale_intent
from handrail.model.slot import Slot
from handrail.model.version import Release
from tests.unit.test_environment import environment

OLD, NEW = (Release(version, "0" * 64) for version in ("1.0.0", "1.1.0"))
ROLES = Roles(
    hosts=("web1", "web2", "edge1", "edge2"),
    services=("web1", "web2"),
    edges=("edge1", "edge2"),
    services_of={"web1": frozenset({"api", "web"}), "web2": frozenset({"api", "web"})},
    limits={"api": Limits(1, 4), "web": Limits(2, 2)},
)
BOTH = {(name, slot) for name in ("api", "web") for slot in Slot}
WEB = HostState(
    slots={Slot.BLUE: OLD.id, Slot.GREEN: NEW.id},
    healthy=frozenset(BOTH),
    good=(OLD.id, NEW.id),
    instances={"api": 2, "web": 2},
)
EDGE = HostState(gate=Gate(confirmed=Slot.GREEN, record_token=3), instances={"api": 2, "web": 2})


def states(**changed):
    return {"web1": WEB, "web2": WEB, "edge1": EDGE, "edge2": EDGE} | changed


def scale(count, roles=ROLES, **changed):
    return decide(Intent(Verb.SCALE, service="api", count=count), states(**changed), roles)


def told(state, count):
    return replace(state, instances={**state.instances, "api": count})


def never_told(state):
    return replace(state, instances={})


def test_more_instances_are_added_to_the_live_slot():
    plan = scale(3)
    assert (plan.grows, plan.shrinks, plan.nothing) == (True, False, False)
    assert (plan.live, plan.slot, plan.release_id) == (Slot.GREEN, Slot.GREEN, NEW.id)
    assert (plan.service, plan.before, dict(plan.instances)) == ("api", 2, {"api": 3, "web": 2})
    assert plan.change == "api: 2 -> 3 on each host"


def test_fewer_instances_are_taken_from_the_live_slot():
    plan = scale(1)
    assert (plan.grows, plan.shrinks, plan.nothing) == (False, True, False)
    assert plan.change == "api: 2 -> 1 on each host"


def test_as_many_as_there_are_leave_nothing_to_do():
    plan = scale(2)
    assert (plan.grows, plan.shrinks, plan.nothing) == (False, False, True)


@pytest.mark.parametrize("odd", ["web2", "edge2"])
def test_one_host_that_was_told_otherwise_is_told_again(odd):
    plan = scale(2, **{odd: told(WEB if odd == "web2" else EDGE, 1)})
    assert (plan.nothing, plan.before) == (False, 2)


def test_a_host_that_was_never_told_is_told():
    assert not scale(2, edge1=never_told(EDGE)).nothing


def test_a_fleet_that_was_never_told_has_one():
    plan = scale(3, **{host: never_told(state) for host, state in states().items()})
    assert (plan.before, plan.grows) == (1, True)


def test_what_was_more_than_the_limits_of_today_shrinks():
    lower = replace(ROLES, limits={"api": Limits(1, 2), "web": Limits(2, 2)})
    plan = scale(2, lower, **{host: told(state, 4) for host, state in states().items()})
    assert (plan.before, plan.shrinks) == (4, True)


def test_what_is_less_than_the_limits_of_today_grows():
    higher = replace(ROLES, limits={"api": Limits(3, 4), "web": Limits(2, 2)})
    plan = scale(3, higher)
    assert (plan.before, plan.grows) == (2, True)


def test_a_live_slot_that_is_not_healthy_on_every_host_is_not_scaled():
    sick = replace(WEB, healthy=frozenset(BOTH - {("web", Slot.GREEN)}))
    with pytest.raises(BadInput, match="the live slot green is not healthy on every host; nothing was touched"):
        scale(3, web2=sick)


def test_an_idle_slot_that_is_not_healthy_does_not_matter():
    assert scale(3, web2=replace(WEB, healthy=frozenset({("api", Slot.GREEN), ("web", Slot.GREEN)}))).grows


def test_without_a_live_release_there_is_nothing_to_scale():
    with pytest.raises(ReleaseUnknown, match="no live release to scale"):
        decide(Intent(Verb.SCALE, service="api", count=2), dict.fromkeys(ROLES.hosts, HostState()), ROLES)


def test_a_live_slot_of_two_releases_is_not_scaled():
    with pytest.raises(FleetMixed, match=r"web2 1\.0\.0"):
        scale(3, web2=replace(WEB, slots={Slot.GREEN: OLD.id}))


def test_what_a_dead_run_left_is_settled_before_a_scale_even_to_the_same_number():
    plan = scale(2, edge2=replace(EDGE, gate=Gate(Slot.GREEN, 3, pending=(Pending(Slot.BLUE, 4, 30.0),))))
    assert (plan.settle, plan.nothing) == (True, False)


def test_a_scale_while_traffic_is_held_knows_so():
    assert scale(3, edge1=replace(EDGE, gate=Gate(Slot.GREEN, 3, maintenance=True))).held


def test_a_release_goes_to_as_many_instances_as_a_scale_left():
    plan = decide(Intent(Verb.RESTART), states(), ROLES)
    assert (dict(plan.instances), plan.service, plan.before) == ({"api": 2, "web": 2}, "", 0)


def test_a_slot_is_warm_only_where_every_service_host_was_asked_for_all_instances():
    back = Intent(Verb.ROLLBACK, version="1.0.0")
    good = {host: replace(WEB, good=(OLD.id, NEW.id)) for host in ("web1", "web2")}
    assert decide(back, states(**good), ROLES).warm
    assert not decide(back, states(**good, edge1=told(EDGE, 3)), ROLES).warm
    assert not decide(back, states(**good | {"web2": told(good["web2"], 1)}), ROLES).warm


# Whatever the fleet is like: service hosts are lost, tools are missing, releases are mixed, nothing is healthy.
ODD = {
    "healthy": {},
    "empty": dict.fromkeys(ROLES.hosts, HostState()),
    "mixed": {"web2": replace(WEB, slots={Slot.GREEN: OLD.id})},
    "sick": {"web1": replace(WEB, healthy=frozenset()), "web2": replace(WEB, healthy=frozenset())},
    "tools": {"web1": replace(WEB, missing_tools=("curl",)), "web2": replace(WEB, unusable=("pm2: it sleeps",))},
    "pending": {"edge2": replace(EDGE, gate=Gate(Slot.GREEN, 3, pending=(Pending(Slot.BLUE, 4, 30.0),)))},
    "disagreeing": {"edge1": replace(EDGE, gate=Gate(Slot.BLUE, 4))},
}


def held(**changed):
    each = states(**changed)
    return each | {edge: replace(each[edge], gate=replace(each[edge].gate, maintenance=True)) for edge in ROLES.edges}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("roles", [ROLES, ROLES.of_edges()], ids=["all", "edges"])
def test_traffic_is_held_and_resumed_whatever_the_fleet_is_like(odd, roles):
    plan = decide(Intent(Verb.HOLD), states(**ODD[odd]), roles)
    assert (plan.nothing, plan.held, plan.change) == (False, False, "traffic is held")
    assert decide(Intent(Verb.RESUME), states(**ODD[odd]), roles).nothing
    plan = decide(Intent(Verb.RESUME), held(**ODD[odd]), roles)
    assert (plan.nothing, plan.held, plan.change) == (False, True, "traffic is let in")


def test_edges_are_enough_to_hold_traffic():
    plan = decide(Intent(Verb.HOLD), {"edge1": EDGE, "edge2": EDGE}, ROLES.of_edges())
    assert (plan.live, plan.slot) == (Slot.GREEN, Slot.GREEN)
    assert (Verb.HOLD.edges_only, Verb.RESUME.edges_only) == (True, True)
    alone = {Verb.HOLD, Verb.RESUME, Verb.CERTIFICATE, Verb.RENEW, Verb.BACK}
    assert {verb for verb in Verb if verb.edges_only} == alone


def test_held_traffic_may_get_another_message():
    assert not decide(Intent(Verb.HOLD), held(), ROLES).nothing


def test_traffic_that_one_edge_holds_is_resumed():
    assert not decide(Intent(Verb.RESUME), states(edge1=held()["edge1"]), ROLES).nothing


def test_other_verbs_refuse_hosts_that_lack_a_tool_or_whose_runtime_does_not_work():
    with pytest.raises(BadInput, match="web1 lacks curl; nothing was touched"):
        scale(3, web1=replace(WEB, missing_tools=("curl",)))
    with pytest.raises(BadInput, match="web2: pm2: it sleeps; nothing was touched"):
        scale(3, web2=replace(WEB, unusable=("pm2: it sleeps",)))


SANVI = environment().system


def test_a_request_names_a_service_and_a_number_within_its_limits():
    intent = scale_intent("frontend", "4", SANVI)
    assert (intent.verb, intent.service, intent.count) == (Verb.SCALE, "frontend", 4)


@pytest.mark.parametrize("count", ["0", "5", "-1", "two", "", "1.5"])
def test_a_number_outside_of_the_limits_is_refused(count):
    with pytest.raises(BadInput, match="instances of frontend; allowed on each of its hosts: 1 to 4") as refused:
        scale_intent("frontend", count, SANVI)
    assert "services.frontend.instances.max" in refused.value.next_step


def test_a_service_of_one_instance_is_not_scaled():
    with pytest.raises(BadInput, match="2 instances of backend; allowed on each of its hosts: 1, no other"):
        scale_intent("backend", "2", SANVI)


@pytest.mark.parametrize("service", ["", "postgresql", "fronted"])
def test_what_is_no_service_is_refused_with_those_that_there_are(service):
    with pytest.raises(BadInput, match=r"which service\? found .*; allowed: backend, frontend"):
        scale_intent(service, "2", SANVI)


def test_a_message_of_the_hold_page_is_one_line_that_can_be_shown():
    assert checked_message("Zurück um 14:00 Uhr; $HOME \"'%") == "Zurück um 14:00 Uhr; $HOME \"'%"
    for bad in ("two\nlines", "\x1b[31m", "x" * 501):
        with pytest.raises(BadInput, match="control character"):
            checked_message(bad)
