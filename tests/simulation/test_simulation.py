from __future__ import annotations

import pytest

from handrail.model.fleet import Do
from handrail.model.intent import Intent, Verb
from tests.simulation.faults import Fault, Kind
from tests.simulation.fleets import RELEASES
from tests.simulation.schedule import play, play_faulty, play_killed
from tests.simulation.world import BUGS

# `make lint` plays ten times as many.
SCHEDULES = 1000
# A deploy on two service hosts and two edges sends 29 messages, and a second one 6 until it has settled the edges.
MESSAGES, SETTLED = 29, 6
# A scale sends 22 there.
SCALE_MESSAGES = 22
SCALES = tuple(Intent(Verb.SCALE, service="web", count=count) for count in (3, 2))
# A rehearsal sends 18 there, none of them to move an edge.
REHEARSAL_MESSAGES = 18
DEPLOY, REHEARSE, ROLLBACK = Intent(Verb.DEPLOY, RELEASES[1]), Intent(Verb.REHEARSE), Intent(Verb.ROLLBACK)
# Among which schedules each of these is found, rare ones near their first seed; `ask-once` and `one-cutover` take some
# ten thousand schedules.
FOUND_AMONG = {
    "no-timer": range(500),
    "no-token-check": range(1000),
    "early-cutover": range(50),
    "refused-renewal": range(1000),
    "late-cutover": range(2000),
    "hasty-stop": range(5000, 6000),
    "eager-ready": range(100),
    "late-spread": range(3000, 4000),
    "raised-least": range(100),
    "lasting-rehearsal": range(50),
    "late-backup": range(50),
}


def first_breach(bug: str, seeds: range) -> str:
    return next((result.breach for seed in seeds if (result := play(seed, bug=bug)).breach), "")


def test_no_schedule_breaks_an_invariant():
    breaches = {seed: result.breach for seed in range(SCHEDULES) if (result := play(seed)).breach}
    assert not breaches, "tell one with: python -m tests.simulation --story --seed"


@pytest.mark.parametrize("bug", FOUND_AMONG)
def test_a_planted_bug_is_found(bug):
    assert bug in BUGS
    assert first_breach(bug, FOUND_AMONG[bug])


def test_the_same_seed_tells_the_same_story():
    stories = [play(seed, story=True) for seed in (7, 7, 8)]
    assert stories[0] == stories[1]
    assert stories[0].story != stories[2].story


@pytest.mark.parametrize("after", range(MESSAGES + 1))
def test_a_deploy_killed_after_any_message_leaves_one_release_and_can_be_run_again(after):
    for seed in range(10):
        assert not play_killed(after, seed=seed).breach


def test_a_deploy_is_not_longer_than_the_messages_after_which_it_is_killed():
    told = "\n".join(play_killed(MESSAGES, story=True).story)
    assert "A          ends with exit 0" in told
    assert "A          ends" not in "\n".join(play_killed(MESSAGES - 1, story=True).story)


@pytest.mark.parametrize("second", range(SETTLED + 1))
def test_two_deploys_killed_one_after_the_other_leave_one_release(second):
    for first in range(MESSAGES + 1):
        for seed in range(3):
            assert not play_killed(first, second, seed=seed).breach


def test_forgetting_what_was_confirmed_is_found_by_killing_two_deploys():
    found = [
        play_killed(22, second, seed=seed, bug="forgetful-settle").breach for second in (5, 6) for seed in range(3)
    ]
    assert any(found)


def test_a_settlement_that_decides_is_found_by_killing_two_deploys():
    assert "serves green" in play_killed(22, 20, bug="settle-decides").breach


def test_a_timid_follower_is_found_by_a_reboot_between_cutover_and_confirmation():
    deploy = Intent(Verb.DEPLOY, RELEASES[1])
    reboot = {(Do.BAKE, 0): Fault(Kind.REBOOT, delay=2, host="edge2", seconds=3)}
    assert not any(play_faulty((deploy, reboot), seed=seed).breach for seed in range(4))
    found = [play_faulty((deploy, reboot), seed=seed, bug="timid-follower").breach for seed in range(4)]
    assert "5: exit 5, and every edge has answered" in found


@pytest.mark.parametrize("after", range(SCALE_MESSAGES + 1))
def test_a_scale_killed_after_any_message_spreads_over_nothing_that_does_not_run_and_can_be_followed(after):
    for seed in range(10):
        assert not play_killed(after, intents=SCALES, seed=seed).breach
        for second in range(0, SCALE_MESSAGES + 1, 3):
            assert not play_killed(after, second, intents=SCALES, seed=seed).breach


def test_a_scale_is_not_longer_than_the_messages_after_which_it_is_killed():
    def told(after):
        return ["\n".join(play_killed(after, intents=SCALES, seed=seed, story=True).story) for seed in range(10)]

    assert all("A          ends with exit 0" in each for each in told(SCALE_MESSAGES))
    assert not all("A          ends" in each for each in told(SCALE_MESSAGES - 1))


def test_hosts_that_disagree_about_instances_are_found_when_only_new_ones_are_started():
    # web1 hears neither that it is to go back nor that it is to stop them.
    reboot = {(Do.VERIFY, 0): Fault(Kind.REBOOT, host="web1", seconds=20)}
    again = {"cramped": "verify", "seed": 1}
    assert not play_faulty((SCALES[0], reboot), (SCALES[0], {}), **again).breach
    assert "1: edge" in play_faulty((SCALES[0], reboot), (SCALES[0], {}), **again, bug="start-new").breach


@pytest.mark.parametrize("after", range(REHEARSAL_MESSAGES + 1))
def test_a_rehearsal_killed_after_any_message_moves_no_traffic_and_can_be_followed_by_anything(after):
    for seed in range(5):
        for following in (REHEARSE, DEPLOY, ROLLBACK, Intent(Verb.RESTART), SCALES[0]):
            assert not play_killed(after, 99, intents=(REHEARSE, following), seed=seed).breach


def test_a_rehearsal_is_not_longer_than_the_messages_after_which_it_is_killed():
    def told(after):
        return "\n".join(play_killed(after, intents=(REHEARSE,), story=True).story)

    assert "A          ends with exit 0" in told(REHEARSAL_MESSAGES)
    assert "A          ends" not in told(REHEARSAL_MESSAGES - 1)


@pytest.mark.parametrize("after", range(MESSAGES + 1))
def test_a_rehearsal_after_a_deploy_that_died_empties_no_slot_that_an_edge_uses(after):
    for seed in range(5):
        assert not play_killed(after, 99, intents=(DEPLOY, REHEARSE), seed=seed).breach


def test_a_rehearsal_that_does_not_ask_about_unconfirmed_cutovers_is_found():
    killed = play_killed(20, 99, intents=(DEPLOY, REHEARSE), bug="blind-rehearsal")
    assert killed.breach.endswith("is stopped on web1 while edge1 points at it")


@pytest.mark.parametrize("do", [Do.STAGE, Do.READY, Do.START, Do.STEADY, Do.STOP, Do.FINISH])
@pytest.mark.parametrize("kind", list(Kind))
def test_whatever_strikes_a_rehearsal_traffic_stays_and_a_rollback_follows(do, kind):
    for seed in range(4):
        fault = {(do, 0): Fault(kind, delay=0.05, seconds=40)}
        assert not play_faulty((REHEARSE, fault), (ROLLBACK, {}), seed=seed).breach


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("kind", list(Kind))
def test_whatever_strikes_the_dump_of_a_deploy_nothing_is_served_without_it_and_a_deploy_follows(kind, part):
    for seed in range(4):
        # Part 1 is for a dump that nobody heard of: the operator stops waiting for it first.
        faults = {(Do.BACK_UP, part): Fault(kind, delay=0.3, seconds=40)}
        if part:
            faults[Do.BACK_UP, 0] = Fault(Kind.INTERRUPT, delay=0.3)
        assert not play_faulty((DEPLOY, faults), (DEPLOY, {}), seed=seed, backup=True).breach
