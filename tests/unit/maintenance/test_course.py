"""The course of a window, decided from what was done: every step may fail, and any time may be the last."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handrail.model.course import End, Turn, following, steps
from handrail.model.maintenance import Maintenance
from handrail.model.maintenance_step import TURN, Done, Outcome, Step

HOURS = timedelta(hours=9)
TASKS = [
    {"task": "Vacuum", "vacuum": True},
    {"task": "Bring 1.1.0", "deploy": "1.1.0"},
    {"task": "Tell", "command": ["tell"], "undo": ["untell"]},
]


def made(**more):
    return Maintenance.model_validate({"window": "w", "system": "shop", "lasts": "2h", "tasks": TASKS} | more)


def played(window, fails=(), *, left=HOURS, aborted_at=""):
    """Play a window to its end: give the keys of its steps, and the end."""
    done, keys = [], []
    while True:
        coming = following(window, done, left=left, aborted=aborted_at in keys)
        match coming:
            case Step():
                keys.append(coming.key)
                outcome = Outcome.FAILED if coming.key in fails else Outcome.OK
                done.append(Done(coming.key, outcome, "it broke" if outcome is Outcome.FAILED else ""))
            case Turn():
                done.append(Done(TURN, Outcome.FAILED, coming.reason))
            case End():
                return keys, coming
        assert len(keys) < 40


FORWARD = ["note", "backup", "hold", "stop", "task-1", "task-2", "task-3", "start", "health", "resume", "watch"]


def test_a_window_goes_in_the_runbooks_order():
    keys, end = played(made())
    assert keys == FORWARD == [step.key for step in steps(made())]
    assert (end.exit_code, end.word) == (0, "done")


def test_a_window_that_only_holds_stops_and_starts_nothing():
    keys, _ = played(made(stop=False, backup=False, monitor="0s"))
    assert keys == ["note", "hold", "task-1", "task-2", "task-3", "health", "resume"]


@pytest.mark.parametrize(("which", "words"), [("security", ()), ("all", ("--all",))])
def test_updates_of_packages_are_a_task_that_nothing_undoes(which, words):
    window = made(tasks=[{"task": "Packages", "updates": which}, TASKS[2]])
    task = next(step for step in steps(window) if step.key == "task-1")
    assert task.argv == ("updates.apply", *words, "--yes", "--json")
    assert window.tasks[0].undone_by == "nothing undoes it: packages are not downgraded"
    keys, _ = played(window, {"task-2"})
    assert "undo-task-1" not in keys


@pytest.mark.parametrize("broken", FORWARD)
def test_whatever_breaks_what_was_done_is_undone_and_traffic_is_let_in(broken):
    keys, end = played(made(), {broken})
    if "hold" in keys and broken != "resume":
        assert keys[-1 if broken != "watch" else -2] == "resume"
    if broken in {"note", "backup"}:
        assert "hold" not in keys
        assert end.exit_code == 1
        assert "nothing was touched" in end.text
    after = keys[keys.index(broken) + 1 :]
    match broken:
        case "resume":
            assert (end.exit_code, after) == (5, [])
        case "watch":
            assert (end.exit_code, after) == (1, [])
        case "task-3":
            # how far the command came nobody knows
            assert after == ["undo-task-3", "undo-task-2", "start", "health", "resume"]
        case "task-2":
            # a deploy that failed has gone back by itself
            assert after == ["start", "health", "resume"]
        case "start" | "health":
            assert after == ["undo-task-3", "undo-task-2", "start-again", "health-again", "resume"]
            assert end.exit_code == 1
    assert "it broke" in end.text


def test_a_system_that_does_not_start_again_keeps_its_page():
    keys, end = played(made(), {"start", "start-again"})
    assert keys[-1] == "start-again"
    assert end.exit_code == 5
    assert "the page is still up" in end.text


def test_an_undoing_that_fails_is_told_and_the_rest_is_undone():
    keys, end = played(made(), {"start", "undo-task-3"})
    assert keys[-3:] == ["start-again", "health-again", "resume"]
    assert end.exit_code == 5
    assert "undo: tell" in end.text


@pytest.mark.parametrize("at", FORWARD[:7])
def test_an_abort_undoes_what_was_done(at):
    keys, end = played(made(), aborted_at=at)
    assert end.exit_code == 1
    assert "aborted" in end.text
    if "hold" in keys:
        assert keys[-1] == "resume"


def test_an_abort_in_the_last_steps_lets_traffic_in_as_planned():
    keys, end = played(made(), aborted_at="start")
    assert (keys, end.exit_code) == (FORWARD, 0)


def test_what_cannot_be_undone_in_time_is_not_begun():
    # The deploy and its undoing, and the closing: 10 + 5 + 5 minutes.
    done = [Done(key, Outcome.OK) for key in FORWARD[:5]]
    assert isinstance(following(made(), done, left=timedelta(minutes=20), aborted=False), Step)
    turn = following(made(), done, left=timedelta(minutes=19, seconds=59), aborted=False)
    assert isinstance(turn, Turn)
    assert turn.reason == "19m59s are left, and bring 1.1.0, with undoing it all, may take 20m"


def test_what_was_done_counts_for_the_time_that_undoing_takes():
    # Before the third task the deploy is there to be undone, too.
    done = [Done(key, Outcome.OK) for key in FORWARD[:6]]
    assert isinstance(following(made(), done, left=timedelta(minutes=24), aborted=False), Turn)
    assert isinstance(following(made(), done, left=timedelta(minutes=25), aborted=False), Step)


def test_time_that_is_over_does_not_keep_the_page_up():
    done = [Done(key, Outcome.OK) for key in FORWARD[:7]]
    step = following(made(), done, left=timedelta(hours=-1), aborted=False)
    assert isinstance(step, Step)
    assert step.key == "start"


def test_a_deploy_of_which_nobody_knows_is_never_called_undone():
    done = [Done("note", Outcome.OK), Done("hold", Outcome.OK), Done("task-1", Outcome.OK)]
    done += [Done("task-2", Outcome.MIXED, "confirmed, but not by edge2"), Done(TURN, Outcome.FAILED, "bring 1.1.0")]
    done += [Done(key, Outcome.OK) for key in ("start", "health", "resume")]
    end = following(made(), done, left=HOURS, aborted=False)
    assert (end.exit_code, end.word) == (5, "not undone")
    assert "bring 1.1.0: confirmed, but not by edge2, fab status" in end.text


@pytest.mark.parametrize(("left", "aborted"), [(HOURS, True), (timedelta(), False)])
def test_a_step_that_was_begun_is_waited_for_before_anything_is_undone(left, aborted):
    done = [Done(key, Outcome.OK) for key in ("note", "backup", "hold", "stop", "task-1", "task-2")]
    assert isinstance(following(made(), done, left=left, aborted=aborted), Turn)
    assert following(made(), done, left=left, aborted=aborted, begun={"task-3"}).key == "task-3"
