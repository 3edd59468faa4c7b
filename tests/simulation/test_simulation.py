from __future__ import annotations

import pytest

from tests.simulation.schedule import play, play_killed
from tests.simulation.world import BUGS

SCHEDULES = 2000
# A deploy on two service hosts and two edges sends 27 messages, and a second one 6 until it has settled the edges.
MESSAGES, SETTLED = 27, 6
# From where each of these is found soon; `ask-once` and `one-cutover` take some ten thousand schedules.
FOUND_WITHIN = {
    "no-timer": 500,
    "no-token-check": 500,
    "early-cutover": 50,
    "refused-renewal": 1000,
    "late-cutover": 2000,
    "timid-follower": 10000,
    "settle-decides": 15000,
}


def first_breach(bug: str, schedules: int) -> str:
    return next((result.breach for seed in range(schedules) if (result := play(seed, bug=bug)).breach), "")


def test_no_schedule_breaks_an_invariant():
    breaches = {seed: result.breach for seed in range(SCHEDULES) if (result := play(seed)).breach}
    assert not breaches, "tell one with: python -m tests.simulation --story --seed"


@pytest.mark.parametrize("bug", FOUND_WITHIN)
def test_a_planted_bug_is_found(bug):
    assert bug in BUGS
    assert first_breach(bug, FOUND_WITHIN[bug])


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
        play_killed(20, second, seed=seed, bug="forgetful-settle").breach for second in (5, 6) for seed in range(3)
    ]
    assert any(found)
