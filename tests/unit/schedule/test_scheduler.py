"""Running what is due: each occasion once, what was missed once, and whoever must be told is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handrail.control.schedule import Scheduler, Seams, run_due
from handrail.control.task_work import Outcome
from handrail.errors import BadInput, HandrailError, Refused
from handrail.journal.open import reader, writer
from handrail.journal.task_runs import TaskRuns
from handrail.model.level import Level
from handrail.model.occasion import Due

BEFORE = datetime(2026, 11, 24, 8, tzinfo=UTC)
NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHECK = "check: {when: daily 09:00, owner: DevOps, check: daily}"
LATER = "later: {when: daily 09:30, owner: DevOps, check: [disk]}"
REVIEW = "review: {when: daily 09:00, owner: Security, statement: read the log}"


class World:
    """What tasks find, and what is told."""

    def __init__(self):
        self.done, self.told, self.outcomes = [], [], {}

    def work(self, task, _here, _loaded):
        self.done.append(task.name)
        found = self.outcomes.get(task.name, Outcome(Level.OK, "all is well"))
        if isinstance(found, BaseException):
            raise found
        return found

    def tell(self, _loaded, event, facts, *, key):
        self.told.append((event, facts["schedule"], facts["text"]))
        self.key = key

    @property
    def seams(self):
        return Seams(self.tell, self.work)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def due(opened, world):
    """Run what is due of these tasks, which were first seen at eight."""

    def made(*tasks):
        here, loaded = opened(*tasks)
        assert run_due(here, loaded, BEFORE, world.seams) == []
        return lambda now: run_due(here, loaded, now, world.seams)

    return made


@pytest.fixture
def at(opened, world):
    def made(now, *tasks):
        here, loaded = opened(*tasks)
        with writer() as store:
            Scheduler(here, loaded, store, BEFORE, world.seams)
        store = writer()
        return Scheduler(here, loaded, store, now, world.seams)

    return made


def recorded(task="check"):
    with reader() as store:
        return TaskRuns(store, system="vendhub", environment="prod").newest(task)


def test_what_is_due_is_run_once_and_recorded(due, world):
    run = due(CHECK)
    (result,) = run(NINE)
    assert (result.task.name, result.level, result.text) == ("check", Level.OK, "all is well")
    assert run(NINE) == run(NINE + 8 * HOUR) == []
    assert world.done == ["check"]
    assert world.told == []
    (past,) = recorded()
    assert (past.occasion, past.level, past.text, past.missed) == (NINE, Level.OK, "all is well", 0)
    assert "@" in past.who


def test_the_oldest_is_run_first_and_one_that_goes_wrong_does_not_hold_up_the_others(due, world):
    run = due(LATER, CHECK)
    world.outcomes["check"] = RuntimeError("broken")
    results = run(NINE + HOUR)
    assert world.done == ["check", "later"]
    assert [(result.level, result.text) for result in results] == [
        (Level.ALERT, "RuntimeError: broken (1 h late)"), (Level.OK, "all is well (30 min late)")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("level", "event"), [(Level.WARN, "schedule.warned"), (Level.ALERT, "schedule.failed"), (Level.OK, None)]
)
def test_what_is_not_well_is_told(due, world, level, event):
    run = due(CHECK)
    world.outcomes["check"] = Outcome(level, "disk")
    run(NINE)
    assert world.told == ([(event, "check", "disk")] if event else [])
    if event:
        assert world.key == "check/2026-11-24T09:00:00.000Z"


def test_however_many_were_missed_it_is_caught_up_once_and_says_so(due, world):
    run = due(CHECK)
    (result,) = run(NINE + 4 * DAY + 5 * HOUR)
    assert result.text == "all is well (5 h late; stands for 4 earlier that were missed)"
    assert world.done == ["check"]
    assert world.told == [("schedule.missed", "check", result.text)]
    (past,) = recorded()
    assert (past.occasion, past.missed) == (NINE + 4 * DAY, 4)
    assert run(NINE + 4 * DAY + 6 * HOUR) == []
    assert len(run(NINE + 5 * DAY)) == 1


def test_what_somebody_else_is_at_is_left_alone(due, world):
    run = due(CHECK)
    with writer() as store:
        runs = TaskRuns(store, system="vendhub", environment="prod")
        runs.claim("check", Due(NINE, 0), who="other@two", now=NINE, until=NINE + HOUR)
    assert run(NINE + HOUR / 2) == []
    (result,) = run(NINE + HOUR)
    assert result.text == "all is well (1 h late; taken over: other@two began it and did not end it)"
    assert world.done == ["check"]


def test_a_result_that_comes_after_another_took_over_does_not_count(due, world, opened):
    run = due(CHECK)

    def slow(task, here, loaded):
        with writer() as store:
            runs, late = TaskRuns(store, system="vendhub", environment="prod"), NINE + 5 * HOUR
            taken = runs.claim("check", Due(NINE, 0), who="other@two", now=late, until=late + HOUR)
            runs.end(taken, ended=late, level=Level.OK, text="mine")
        return Outcome(Level.OK, "at last")

    world.work = slow
    (result,) = run(NINE)
    assert result.level is Level.WARN
    assert "somebody else has taken it over" in result.text
    assert [(past.who, past.text) for past in recorded()] == [("other@two", "mine")]


def test_a_result_that_cannot_be_written_down_is_an_alert_and_the_others_are_run(due, world, monkeypatch):
    run = due(CHECK, LATER)
    end = TaskRuns.end

    def ended(self, run, **said):
        if run.task == "check":
            raise Refused("the disk of the journal is full")
        return end(self, run, **said)

    monkeypatch.setattr(TaskRuns, "end", ended)
    first, second = run(NINE + HOUR / 2)
    assert (first.level, second.level) == (Level.ALERT, Level.OK)
    assert first.text == "NOT IN THE JOURNAL, the disk of the journal is full; it was OK: all is well"


def test_an_interrupted_run_is_written_down_as_such(due, world):
    run = due(CHECK)
    world.outcomes["check"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        run(NINE)
    (past,) = recorded()
    assert (past.level, past.text) == (Level.ALERT, "interrupted")


def test_who_cannot_be_told_holds_nobody_up(due, world, capsys):
    run = due(CHECK, LATER)
    world.outcomes |= {"check": Outcome(Level.WARN, "disk"), "later": Outcome(Level.WARN, "disk")}

    def tell(*_, **__):
        raise OSError("no network")

    world.tell = tell
    assert len(run(NINE + HOUR / 2)) == 2
    assert len(recorded()) == len(recorded("later")) == 1
    assert "schedule.warned of check could not be told: OSError: no network" in capsys.readouterr().err


def test_an_error_of_handrail_is_told_in_its_words(due, world):
    run = due(CHECK)
    world.outcomes["check"] = HandrailError("no such thing", next_step="look")
    assert run(NINE)[0].text == "no such thing"


def test_a_statement_waits_for_people_and_is_a_warning_once_it_is_overdue(due, world):
    run = due(REVIEW)
    (result,) = run(NINE)
    assert (result.level, result.waits) == (Level.OK, True)
    assert result.text == "Security has until Tue 2026-11-24 17:00 UTC: read the log"
    assert recorded("review") == []
    (result,) = run(NINE + 9 * HOUR)
    assert (result.level, result.waits) == (Level.WARN, True)
    assert result.text == "overdue since Tue 2026-11-24 17:00 UTC: read the log"
    # It stays a warning, and is told once.
    assert run(NINE + 10 * HOUR)[0].level is Level.WARN
    assert world.told == [("schedule.missed", "review", result.text)]
    assert len(recorded("review")) == 1
    assert world.done == []


def test_what_a_person_has_done_is_no_longer_due(at):
    result = at(NINE + HOUR, REVIEW).done("review", "looked, nothing odd", Level.OK)
    assert (result.level, result.text, result.run.occasion) == (Level.OK, "looked, nothing odd", NINE)
    assert at(NINE + 10 * HOUR, REVIEW).run_due() == []


def test_what_a_person_said_is_one_line_without_secrets(at):
    result = at(NINE + HOUR, REVIEW).done("review", "the password\nis very-secret-word\x1b[31m", Level.OK)
    assert result.text == "the password is ********"
    # Not cut as a line of evidence is.
    assert len(at(NINE + HOUR, REVIEW).done("review", "word " * 150, Level.OK).text) > 700


def test_what_was_done_late_says_so_and_what_it_stands_for(at, world):
    at(NINE + DAY + 9 * HOUR, REVIEW).run_due()
    result = at(NINE + DAY + 10 * HOUR, REVIEW).done("review", "looked", Level.WARN)
    assert result.text == "looked (10 h late; stands for 1 earlier that was missed)"
    assert [(past.level, past.open) for past in recorded("review")] == [(Level.WARN, False)]
    assert [event for event, *_ in world.told][-1] == "schedule.warned"


def test_what_is_done_ahead_of_its_time_is_recorded_and_asked_for_again(at):
    at(NINE - HOUR / 2, REVIEW).done("review", "early", Level.OK)
    assert len(at(NINE, REVIEW).run_due()) == 1


def test_a_task_that_is_run_by_hand_stands_for_what_is_due(at, world):
    result = at(NINE + HOUR, CHECK).run("check")
    assert result.run.occasion == NINE
    assert at(NINE + 2 * HOUR, CHECK).run_due() == []
    again = at(NINE + 3 * HOUR, CHECK).run("check")
    assert again.run.occasion > NINE + 3 * HOUR - HOUR / 60
    assert world.done == ["check", "check"]


def test_a_task_that_runs_is_not_run_by_hand_beside_it(at):
    scheduler = at(NINE, CHECK)
    with writer() as store:
        runs = TaskRuns(store, system="vendhub", environment="prod")
        runs.claim("check", Due(NINE, 0), who="other@two", now=NINE, until=NINE + HOUR)
    with pytest.raises(Refused, match="check is being run by other@two since Tue 2026-11-24 09:00 UTC"):
        scheduler.run("check")


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda each: each.run("chekc"), "did you mean check"),
        (lambda each: each.run("review"), r"review is done by people \(Security\): read the log"),
        (lambda each: each.done("check", "x", Level.OK), "check is done by its check"),
        (lambda each: each.done("review", "", Level.OK), "say what was done"),
    ],
)
def test_what_cannot_be_asked_of_a_task_is_bad_input(at, do, words):
    with pytest.raises(BadInput, match=words) as caught:
        do(at(NINE, CHECK, REVIEW))
    assert caught.value.next_step


def test_a_task_with_another_time_counts_from_now_on(opened, world):
    here, loaded = opened(CHECK)
    run_due(here, loaded, BEFORE, world.seams)
    here, loaded = opened(CHECK.replace("09:00", "07:00"))
    assert run_due(here, loaded, NINE, world.seams) == []
    assert len(run_due(here, loaded, NINE + DAY, world.seams)) == 1


def test_local_times_are_those_of_the_zone(opened, world):
    here, loaded = opened(CHECK, zone="Asia/Kolkata")
    run_due(here, loaded, BEFORE - DAY, world.seams)
    (result,) = run_due(here, loaded, BEFORE, world.seams)
    assert result.due.occasion == datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
