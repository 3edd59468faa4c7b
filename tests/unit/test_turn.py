"""The guards of updates: one host after the other, whatever fails, and the words at the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handrail.errors import BadInput
from handrail.model.command_line import command_of
from handrail.model.decide import decide
from handrail.model.fleet import Do, Fleet, Outcome
from handrail.model.forecast import forecast
from handrail.model.host_state import Gate, HostState, Probe
from handrail.model.intent import Intent, Verb
from handrail.model.plan import Plan
from handrail.model.roles import Roles
from handrail.model.rollout import BACK, UPDATE
from handrail.model.slot import Slot
from handrail.model.step import in_order
from handrail.model.verdict import verdict

API = frozenset({"api"})
ROLES = Roles(
    hosts=("db", "edge", "web1", "web2"), services=("web1", "web2"), edges=("edge",), data=("db",),
    services_of={"web1": API, "web2": API}, turns=("web1", "web2", "edge", "db"),
)  # fmt: skip
PLAN = Plan(Verb.UPDATE, Slot.BLUE, Slot.BLUE, "1.0.0-000000000000", alone=("edge", "db"))
TURN = list(in_order(UPDATE, generations=1, turns=ROLES.turns))


def state(*, out=(), well=True, **gate):
    healthy = frozenset({("api", Slot.BLUE)}) if well else frozenset()
    probe = {("api", Slot.BLUE, 1): Probe(200 if well else 0, 0.0)}
    slots = {Slot.BLUE: "1.0.0-000000000000"}
    return HostState(gate=Gate(record_token=1, out=tuple(out), **gate), healthy=healthy, health=probe, slots=slots)


def states(**changed):
    return {host: changed.get(host, state()) for host in ROLES.hosts}


def run(failing=None, *, nothing=(), plan=PLAN, known=None, stop_at=None, table=TURN):
    """Play the table: steps in `failing`, by their titles, come out so; `nothing` to update on some hosts."""
    fleet = Fleet(ROLES, plan=plan, states=known or states())
    story = []
    for step in table:
        hosts = [host for host in ROLES.hosts if step.runs_on(host, fleet)]
        for host in hosts:
            outcome = (failing or {}).get(step.title, Outcome.OK)
            if step.do is Do.LOOK and host in nothing:
                outcome = Outcome.UNCHANGED
            fleet.record(step.do, host, outcome, part=step.part, words="" if outcome.good else "it broke")
        if hosts and step.do not in {Do.LEASE, Do.PLAN}:
            story.append(step.title)
        if step.title == stop_at:
            fleet.interrupted = True
    return story, fleet


def turn(host, *, whole=True):
    own = [f"Update the packages of {host}", f"See that {host} is well"]
    if not whole:
        return own
    before = [f"See that others can stand in for {host}", f"Take {host} out of traffic", f"Drain {host}"]
    return [*before, *own, f"Put {host} back into traffic"]


BEGIN, END = ["See what can be updated", "Ready the edges"], ["Record and release the lease"]
SEEN = ["See that every host is well", "Verify through the edge"]


def test_one_host_after_the_other_and_only_those_that_others_stand_in_for_leave_the_traffic():
    story, fleet = run()
    rest = [*turn("edge", whole=False), *turn("db", whole=False)]
    assert story == [*BEGIN, *turn("web1"), *turn("web2"), *rest, *SEEN, *END]
    assert verdict(fleet).exit_code == 0
    shown = forecast(UPDATE, PLAN, ROLES, states(), generations=[["api"]])
    assert [each.title for each in shown][2:] == story
    assert {each.hosts for each in shown if "web1 is well" in each.title} == {("web1",)}


def test_at_every_moment_one_host_at_most_is_out_and_none_while_it_is_not_drained():
    out = set()
    for title in run()[0]:
        word, _, rest = title.partition(" ")
        if word == "Take":
            assert not out
            out.add(rest.split()[0])
        if word == "Put":
            out.remove(rest.split()[0])
        if title.startswith("Update the packages of web"):
            assert out == {title.rpartition(" ")[2]}
    assert not out


@pytest.mark.parametrize("step", [step for step in TURN if step.turn is not None], ids=lambda step: step.title)
def test_whichever_step_fails_no_other_host_is_touched_afterwards(step):
    story, fleet = run({step.title: Outcome.FAILED}, plan=replace(PLAN, reboot=True))
    host, later = ROLES.turns[step.part], ROLES.turns[step.part + 1 :]
    if step.title not in story:
        assert host in PLAN.alone
        return
    assert not [title for title in story if any(other in title.split() for other in later)]
    assert verdict(fleet).exit_code in {1, 5}
    if step.do not in {Do.CHECK, Do.STAND_IN} and host not in PLAN.alone:
        assert f"Put {host} back into traffic" in story
    assert story[-1:] == END


def test_a_host_that_is_not_well_stays_out_of_traffic_and_the_verdict_says_how_to_go_on():
    story, fleet = run({"See that web2 is well": Outcome.FAILED})
    assert "Put web1 back into traffic" in story
    assert "Put web2 back into traffic" not in story
    end = verdict(fleet)
    assert (end.exit_code, end.hosts) == (5, ("web2",))
    for words in ("see that it is well failed on web2: it broke", "done: web1", "not begun: edge, db"):
        assert words in end.text
    assert "web2 stays out of traffic; once it is well, `fab updates.back web2` puts it back" in end.text


def test_an_update_that_fails_on_a_host_that_is_well_gives_it_its_traffic_back():
    story, fleet = run({"Update the packages of web1": Outcome.FAILED})
    assert story == [*BEGIN, *turn("web1"), *END]
    end = verdict(fleet)
    assert end.exit_code == 1
    assert "web1 is well and has its traffic; done: none; not begun: web2, edge, db" in end.text


def test_who_stops_the_run_gets_the_host_that_is_out_back_into_traffic():
    story, fleet = run(stop_at="Update the packages of web1")
    assert story == [*BEGIN, *turn("web1"), *END]
    assert verdict(fleet).exit_code == 1


def test_hosts_with_nothing_to_update_are_left_alone():
    story, fleet = run(nothing=["web1", "db", "edge"])
    assert story == [*BEGIN, *turn("web2"), *SEEN, *END]
    assert verdict(fleet).text.endswith("web2; nothing to do on web1, edge, db")
    story, fleet = run(nothing=ROLES.hosts)
    assert story == ["See what can be updated", *END]
    assert (verdict(fleet).exit_code, verdict(fleet).word) == (0, "unchanged")


def test_a_host_that_an_earlier_run_left_out_is_seen_to_and_put_back_though_it_has_no_update():
    story, _ = run(nothing=ROLES.hosts, known=states(edge=state(out=["web1"])))
    assert story == [*BEGIN, *(title for title in turn("web1") if not title.startswith("Update")), *SEEN, *END]


def test_nobody_is_taken_out_of_traffic_that_is_held():
    story, _ = run(plan=replace(PLAN, held=True))
    assert not [title for title in story if title.startswith(("Take", "Put", "Drain", "Ready"))]


def test_a_reboot_is_only_for_who_asks_and_comes_after_the_update():
    story, _ = run(plan=replace(PLAN, reboot=True))
    assert story.index("Update the packages of web1") + 1 == story.index("Reboot web1 if it asks for that")
    lost = dict.fromkeys(["Reboot web1 if it asks for that", "See that web1 is well"], Outcome.UNKNOWN)
    story, _ = run(lost, plan=replace(PLAN, reboot=True))
    assert "Take web2 out of traffic" not in story


def plan_for(known, **words):
    intent = Intent(Verb.UPDATE, **words)
    return decide(intent, known, ROLES.asked(intent))


def test_a_plan_names_who_keeps_its_traffic():
    assert plan_for(states()).alone == ("edge", "db")
    assert plan_for(states(), limit="web1", every=True).change == "all updates on web1"
    assert plan_for(states()).note.endswith(
        "edge, db: updated without being taken out of traffic, for nothing stands in"
    )
    assert plan_for(states(), reboot=True).note.endswith("requests fail until it is back")


@pytest.mark.parametrize(
    ("known", "says"),
    [
        (states(web2=state(well=False)), "the live slot blue is not healthy on web2"),
        (states(edge=state(out=["web2"])), "web2 is out of traffic since an earlier run"),
        (states(edge=state(shares=((Slot.GREEN, 5),))), "nobody confirmed"),
    ],
)
def test_a_fleet_that_cannot_spare_a_host_is_refused(known, says):
    with pytest.raises(BadInput, match=says):
        plan_for(known)


def test_a_host_that_is_out_and_ill_is_no_reason_to_refuse_its_own_turn():
    known = states(edge=state(out=["web2"]), web2=state(well=False))
    assert plan_for(known, limit="web2").limit == "web2"
    held = states(edge=state(maintenance=True), web1=state(well=False), web2=state(well=False))
    assert plan_for(held).held


def test_an_only_host_of_a_service_has_no_stand_in():
    roles = replace(ROLES, services_of={"web1": API | {"jobs"}, "web2": API})
    assert (roles.stand_in("web1"), roles.stand_in("web2"), roles.stand_in("db")) == (False, True, False)


def test_a_host_that_is_out_is_put_back_also_where_nobody_can_be_taken_out_now():
    for plan in (replace(PLAN, held=True), replace(PLAN, alone=("web1",))):
        story, fleet = run(nothing=ROLES.hosts, known=states(edge=state(out=["web1"])), plan=plan)
        assert "Put web1 back into traffic" in story
        assert verdict(fleet).exit_code == 0


def test_a_run_whose_lease_was_taken_over_names_the_host_that_is_out():
    _, fleet = run({"Update the packages of web1": Outcome.REFUSED})
    end = verdict(fleet)
    assert (end.exit_code, end.hosts) == (5, ("web1",))
    assert "web1 stays out of traffic; once it is well, `fab updates.back web1` puts it back" in end.text
    assert verdict(run({"See what can be updated": Outcome.REFUSED})[1]).exit_code == 4


def test_words_about_a_host_while_traffic_is_held_do_not_blame_others():
    _, fleet = run({"See that web1 is well": Outcome.FAILED}, plan=replace(PLAN, held=True))
    assert "web1 is not known to be well, and traffic is held: fab health" in verdict(fleet).text


def back_for(known, host="web1"):
    intent = Intent(Verb.BACK, limit=host)
    roles = ROLES.asked(intent)
    plan = decide(intent, {name: known[name] for name in roles.hosts}, roles)
    return plan, roles


def test_putting_a_host_back_asks_the_edges_and_that_host_alone():
    plan, roles = back_for(states(edge=state(out=["web1"]), web1=state(well=False), web2=state(well=False)))
    assert (roles.hosts, plan.nothing, plan.change) == (("edge", "web1"), False, "web1 back into traffic")
    shown = forecast(BACK, plan, roles, states(edge=state(out=["web1"])), generations=[["api"]])
    assert [each.title for each in shown][2:] == ["See that web1 is well", "Put web1 back into traffic", *END]


def test_a_host_is_put_back_neither_twice_nor_while_it_is_open_which_slot_serves():
    assert back_for(states())[0].nothing
    assert back_for(states(edge=state(out=["web1"], maintenance=True)))[0].held
    with pytest.raises(BadInput, match="nobody confirmed"):
        back_for(states(edge=state(out=["web1"], shares=((Slot.GREEN, 5),))))


def test_nobody_is_taken_out_where_another_is_ill_by_now():
    story, fleet = run({"See that others can stand in for web2": Outcome.FAILED})
    assert "Take web2 out of traffic" not in story
    end = verdict(fleet)
    assert (end.exit_code, end.hosts) == (5, ("web1",))
    assert "see that the others are well failed on web1: it broke; done: web1" in end.text
    story, fleet = run({"See that others can stand in for web1": Outcome.FAILED})
    assert (verdict(fleet).exit_code, verdict(fleet).text.endswith("nothing was touched")) == (1, True)


@pytest.mark.parametrize("step", SEEN)
def test_an_update_is_not_done_where_the_system_does_not_serve_at_the_end(step):
    end = verdict(run({step: Outcome.FAILED})[1])
    assert end.exit_code == 5
    assert "done: web1, web2, edge, db" in end.text


def test_services_that_may_be_stopped_on_purpose_are_not_asked_at_the_end():
    assert not set(SEEN) & set(run(plan=replace(PLAN, held=True))[0])
    assert not set(SEEN) & set(run(plan=replace(PLAN, release_id=""))[0])


def test_a_plan_to_put_a_host_back_is_typed_as_its_task():
    plan = {"verb": "back", "release": {"version": "", "sha256": ""}, "options": {"limit": "web1"}}
    assert command_of(plan) == "fab updates.back web1"
