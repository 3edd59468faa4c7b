"""Metrics from runs of a journal: what counts, what does not, and that nothing is made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.control.past import read_runs
from handrail.model.deploy_failure import WATCHED, failures
from handrail.model.metrics import measure, monday, spread
from handrail.model.past_run import past_run

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday
SINCE = NOW - timedelta(days=90)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VERBS = ["deploy", "rollback", "restart", "rehearse", "hold", "disk", "startup", "scale"]
OUTCOMES = ["done", "failed", "unknown", "fenced", "held", "unchanged", "ReleaseUnknown"]


def body(verb="deploy", *, ago=timedelta(0), lasts=MINUTE, outcome="done", run="", **more):
    """Make the body of a run's record; `ago` is how long before now it ended."""
    ended = NOW - ago
    made = {
        "run": run or f"{verb}-{ago}", "system": "sanvi", "environment": "prod", "verb": verb, "outcome": outcome,
        "started": (ended - lasts).isoformat(), "ended": ended.isoformat(), "seconds": lasts.total_seconds(),
        "change": "", "emergency": False, "steps": [],
    }  # fmt: skip
    return made | more


def measured(*bodies, requested=None, begins=None, since=SINCE):
    runs, unreadable = read_runs(bodies)
    assert not unreadable
    return measure(runs, requested=requested or {}, since=since, until=NOW, begins=begins)


def only(*bodies, **more):
    (found,) = measured(*bodies, **more)
    return found


def tally(*bodies, **more):
    return only(*bodies, **more).tally


def seconds(spread):
    return (spread.count, spread.median_seconds, spread.p90_seconds, spread.longest_seconds)


def test_no_runs_give_no_metrics():
    assert measured() == ()


def test_runs_without_a_deploy_have_no_failure_rate_and_no_lead_time():
    found = tally(body("restart"))
    assert (found.deployments, found.failure_rate, found.lead_time, found.recovery_time, found.rollback_time) == (
        0, None, None, None, None,
    )  # fmt: skip


def test_deploys_a_week_are_those_that_are_done():
    found = only(*(body(ago=number * DAY, run=str(number)) for number in range(18)), body(ago=HOUR, outcome="failed"))
    assert found.tally.done == 18
    assert found.per_week == pytest.approx(18 / (90 / 7))


def test_a_system_that_is_new_in_the_journal_is_not_measured_over_days_before_it():
    begins = {("sanvi", "prod"): NOW - 14 * DAY}
    found = only(*(body(ago=number * DAY, run=str(number)) for number in range(4)), begins=begins)
    assert found.per_week == pytest.approx(2)
    assert found.since == NOW - 14 * DAY


def test_the_first_days_count_as_a_week():
    assert only(body(ago=HOUR), begins={("sanvi", "prod"): NOW - DAY}).per_week == 1


def test_a_run_before_what_is_said_to_be_the_begin_still_counts():
    found = only(body(ago=20 * DAY), begins={("sanvi", "prod"): NOW - DAY})
    assert sum(each.done for _, each in found.weeks) == found.tally.done == 1


@pytest.mark.parametrize("outcome", ["held", "unchanged", "ReleaseUnknown", "Refused"])
def test_a_deploy_that_touched_nothing_is_no_deployment(outcome):
    assert tally(body(outcome=outcome)).deployments == 0


def test_lead_time_goes_from_the_request_to_the_end_of_the_deploy():
    requested = {"c1": NOW - 3 * DAY}
    found = tally(body(change="c1", ago=HOUR), body(change="unknown", ago=2 * HOUR), body(ago=DAY), requested=requested)
    assert seconds(found.lead_time) == (1, *[(3 * DAY - HOUR).total_seconds()] * 3)


def test_a_failed_deploy_and_one_before_its_request_have_no_lead_time():
    requested = {"c1": NOW - 3 * DAY, "c2": NOW}
    found = tally(body(change="c1", outcome="failed"), body(change="c2", ago=HOUR), requested=requested)
    assert found.lead_time is None


def test_a_rollback_after_a_deploy_makes_it_a_failure():
    found = tally(body(ago=2 * DAY), body("rollback", ago=DAY, lasts=2 * MINUTE))
    assert (found.done, found.failed, found.regretted, found.failure_rate) == (1, 0, 1, 1.0)
    assert seconds(found.recovery_time) == (1, *[DAY.total_seconds()] * 3)
    assert seconds(found.rollback_time) == (1, 120, 120, 120)


@pytest.mark.parametrize("verb", ["deploy", "restart", "scale"])
def test_an_emergency_after_a_deploy_makes_it_a_failure_and_mends_it(verb):
    found = tally(body(ago=2 * DAY), body(verb, ago=DAY, emergency=True))
    assert found.regretted == 1
    assert seconds(found.recovery_by_hand) == (1, *[DAY.total_seconds()] * 3)


def test_an_emergency_hold_page_mends_nothing():
    found = tally(body(ago=2 * DAY), body("hold", ago=DAY, emergency=True))
    assert (found.regretted, found.not_recovered, found.recovery_time) == (1, 1, None)
    mended = tally(body(ago=2 * DAY), body("hold", ago=DAY, emergency=True), body("rollback", ago=HOUR))
    assert mended.recovery_time.longest_seconds == (2 * DAY - HOUR).total_seconds()


@pytest.mark.parametrize("verb", ["disk", "logrotate", "rehearse"])
def test_an_emergency_that_changes_no_traffic_speaks_against_no_deploy(verb):
    assert tally(body(ago=2 * DAY), body(verb, ago=DAY, emergency=True)).regretted == 0


def test_a_rollback_after_the_next_deploy_speaks_against_that_one():
    runs, _ = read_runs([body(ago=3 * DAY, run="a"), body(ago=2 * DAY, run="b"), body("rollback", ago=DAY)])
    assert [each.deploy.run for each in failures(sorted(runs, key=lambda run: run.order()))] == ["b"]


def test_two_rollbacks_speak_against_one_deploy_once():
    found = tally(body(ago=3 * DAY), body("rollback", ago=2 * DAY), body("rollback", ago=DAY))
    assert found.regretted == 1


@pytest.mark.parametrize(("late", "regretted"), [(timedelta(0), 1), (timedelta(seconds=1), 0)])
def test_what_comes_after_a_week_is_no_failure_of_the_deploy(late, regretted):
    begun = NOW - DAY - MINUTE
    deploy = body(ago=NOW - (begun - WATCHED - late))
    assert tally(deploy, body("rollback", ago=DAY, lasts=MINUTE)).regretted == regretted


@pytest.mark.parametrize("outcome", ["held", "unchanged", "ReleaseUnknown"])
def test_a_rollback_that_did_nothing_speaks_against_no_deploy(outcome):
    assert tally(body(ago=DAY), body("rollback", ago=HOUR, outcome=outcome)).regretted == 0


def test_a_rollback_that_failed_is_no_recovery_and_no_rollback_time():
    found = tally(body(ago=DAY), body("rollback", ago=HOUR, outcome="failed"))
    assert (found.regretted, found.not_recovered, found.recovery_time, found.rollback_time) == (1, 1, None, None)


def test_a_deploy_that_went_back_by_itself_recovered_from_its_first_bad_step_on():
    at = (NOW - 8 * timedelta(seconds=1)).isoformat()
    steps = [{"outcome": "ok", "at": (NOW - MINUTE).isoformat()}, {"outcome": "failed", "at": at}]
    found = tally(body(outcome="failed", lasts=2 * MINUTE, steps=steps))
    assert (found.failed, found.recovered_by_itself, found.recovery_by_hand) == (1, 1, None)
    assert found.recovery_time.median_seconds == 8


@pytest.mark.parametrize("at", ["", None, "yesterday", "2026-11-21T12:00:00", "2030-01-01T00:00:00+00:00", 7])
def test_a_failure_without_a_time_counts_from_the_begin_of_the_run(at):
    found = tally(body(outcome="failed", lasts=2 * MINUTE, steps=[{"outcome": "failed", "at": at}, "no step"]))
    assert found.recovery_time.median_seconds == 120


@pytest.mark.parametrize("outcome", ["unknown", "fenced"])
def test_a_deploy_of_unknown_end_is_recovered_by_the_next_that_is_done(outcome):
    assert tally(body(ago=DAY, outcome=outcome)).not_recovered == 1
    found = tally(body(ago=DAY, outcome=outcome), body(ago=HOUR))
    assert (found.failed, found.regretted, found.not_recovered) == (1, 0, 0)
    assert found.recovery_time.longest_seconds == (DAY - HOUR).total_seconds()


def test_systems_and_environments_do_not_mix():
    found = measured(body(ago=DAY), body("rollback", ago=HOUR, environment="staging"), body(system="vendhub"))
    assert [(each.system, each.environment) for each in found] == [
        ("sanvi", "prod"), ("sanvi", "staging"), ("vendhub", "prod"),
    ]  # fmt: skip
    assert all(each.tally.regretted == 0 for each in found)


def test_rehearsals_are_told_apart_from_rollbacks():
    found = tally(body("rehearse", lasts=5 * MINUTE), body("rollback", lasts=MINUTE, ago=HOUR))
    assert seconds(found.rehearsal_time) == (1, 300, 300, 300)
    assert seconds(found.rollback_time) == (1, 60, 60, 60)


def test_p90_is_a_value_that_was_measured():
    assert seconds(spread(timedelta(seconds=each) for each in range(1, 11))) == (10, 5.5, 9, 10)
    assert seconds(spread(timedelta(seconds=each) for each in (1, 2, 3))) == (3, 2, 3, 3)
    assert spread([]) is None


def test_weeks_begin_on_monday_utc_and_empty_ones_are_there():
    found = only(body(ago=15 * DAY), body(ago=HOUR, run="b"), since=NOW - 16 * DAY)
    assert [str(week) for week, _ in found.weeks] == ["2026-11-02", "2026-11-09", "2026-11-16"]
    assert [each.failure_rate for _, each in found.weeks] == [0.0, None, 0.0]
    assert str(monday(datetime.fromisoformat("2026-11-23T02:00:00+05:30"))) == "2026-11-16"


@pytest.mark.parametrize(
    "change",
    [
        {"started": None}, {"started": "soon"}, {"started": "2026-01-01T00:00:00"}, {"ended": "2020-01-01T00:00:00Z"},
        {"ended": 5}, {"seconds": "many", "ended": ""}, {"seconds": 1e300, "ended": ""}, {"steps": 3, "ended": []},
    ],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_counted_and_left_out(change):
    runs, unreadable = read_runs([None, {}, body() | change, body(run="good")])
    left_out = 3 if change.get("steps") != 3 else 2
    assert (len(runs), unreadable) == (4 - left_out, left_out)


def test_a_lost_controller_leaves_a_run_that_counts():
    lost = body(outcome="unknown")
    del lost["ended"]
    assert past_run(lost).ended == NOW
    assert tally(lost).failed == 1


PAST = st.lists(
    st.builds(
        lambda number, verb, outcome, ago, lasts, emergency, system, change: body(
            verb, ago=timedelta(minutes=ago), lasts=timedelta(seconds=lasts), outcome=outcome, run=str(number),
            emergency=emergency, system=system, change=change,
        ),
        st.integers(0, 10**9), st.sampled_from(VERBS), st.sampled_from(OUTCOMES), st.integers(0, 60 * 24 * 30),
        st.integers(0, 7200), st.booleans(), st.sampled_from(["sanvi", "vendhub"]), st.sampled_from(["", "c1", "c2"]),
    ),
    max_size=40, unique_by=lambda each: each["run"],
)  # fmt: skip
REQUESTED = {"c1": NOW - 40 * DAY, "c2": NOW - 10 * DAY}


@given(PAST, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(bodies, shuffled):
    other = bodies.copy()
    shuffled.shuffle(other)
    assert measured(*bodies, requested=REQUESTED) == measured(*other, requested=REQUESTED)


@given(PAST)
def test_the_counts_add_up(bodies):
    for found in measured(*bodies, requested=REQUESTED):
        whole, weeks = found.tally, [each for _, each in found.weeks]
        for name in ("done", "failed", "regretted", "recovered_by_itself", "not_recovered", "deployments"):
            assert getattr(whole, name) == sum(getattr(each, name) for each in weeks), name
        for name in ("lead_time", "recovery_time", "recovery_by_hand", "rollback_time", "rehearsal_time"):
            counts = [spread.count for each in weeks if (spread := getattr(each, name))]
            assert (getattr(whole, name).count if getattr(whole, name) else 0) == sum(counts), name
        recovered = whole.recovery_time.count if whole.recovery_time else 0
        assert recovered + whole.not_recovered == whole.failed + whole.regretted
        assert whole.regretted <= whole.done
        assert whole.failure_rate is None or 0 <= whole.failure_rate <= 1
        rollbacks = sum(each["verb"] == "rollback" and each["outcome"] == "done" for each in bodies)
        assert (whole.rollback_time.count if whole.rollback_time else 0) <= rollbacks


@given(PAST)
def test_times_are_never_negative_and_in_order(bodies):
    for found in measured(*bodies, requested=REQUESTED):
        for _, each in [*found.weeks, ("all", found.tally)]:
            for name in ("lead_time", "recovery_time", "rollback_time", "rehearsal_time"):
                if (spread := getattr(each, name)) is not None:
                    assert 0 <= spread.median_seconds <= spread.p90_seconds <= spread.longest_seconds
