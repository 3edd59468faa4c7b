"""What AWS tells, judged: each kind at its limits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handrail.ecs.error_lines import counted
from handrail.ecs.measured import traffic
from handrail.ecs.metrics import Point
from handrail.ecs.stores import GIBIBYTE, Database
from handrail.model import document
from handrail.model.cloud_vitals import (
    Busy,
    CacheInUse,
    Ended,
    InUse,
    Missing,
    Nothing,
    Served,
    Snapshots,
    Storage,
    Store,
    Tasks,
    Unjudged,
)  # fmt: skip
from handrail.model.host_state import Gate
from handrail.model.moves import Moves
from handrail.model.slot import Slot
from tests.unit.test_vitals import SANVI

SYSTEM = document.parse(SANVI, source="sanvi.yaml", environment="aws")
FIVE = timedelta(minutes=5)
YEAR = timedelta(days=395)


def days(number):
    return timedelta(days=number)


def hours(number):
    return timedelta(hours=number)


def ended(minutes):
    return (Ended(timedelta(minutes=minutes), "out of memory"),)


@pytest.mark.parametrize(
    ("vital", "level"),
    [
        (Tasks(Slot.BLUE, 2, 2), "OK"), (Tasks(Slot.BLUE, 1, 2), "WARN"), (Tasks(Slot.BLUE, 0, 2), "ALERT"),
        (Tasks(Slot.BLUE, 0, 0), "ALERT"), (Tasks(Slot.BLUE, 2, 2, given_up=True), "ALERT"),
        (Tasks(Slot.BLUE, 2, 2, healthy=2), "OK"), (Tasks(Slot.BLUE, 2, 2, healthy=1), "WARN"),
        (Tasks(Slot.BLUE, 2, 2, healthy=0), "ALERT"),
        (Tasks(Slot.BLUE, 2, 2, ended=ended(9)), "ALERT"), (Tasks(Slot.BLUE, 2, 2, ended=ended(11)), "WARN"),
        (Store("available", ""), "OK"), (Store("backing-up", ""), "OK"), (Store("rebooting", ""), "WARN"),
        (Store("storage-full", ""), "ALERT"), (Store("stopping", ""), "ALERT"), (Store("failed", ""), "ALERT"),
        (Store("incompatible-network", ""), "ALERT"), (Store("create-failed", ""), "ALERT"),
        (Busy(70, FIVE), "OK"), (Busy(70.1, FIVE), "WARN"), (Busy(90.1, FIVE), "ALERT"),
        (InUse(80), "OK"), (InUse(81), "WARN"), (InUse(91), "ALERT"),
        (CacheInUse(80), "OK"), (CacheInUse(81), "WARN"), (CacheInUse(91), "ALERT"),
        (Storage(20, 100), "OK"), (Storage(19, 100), "WARN"), (Storage(9, 100), "ALERT"),
        (Missing(("CPUUtilization",), FIVE), "WARN"), (Unjudged("2 connections"), "WARN"), (Nothing("none"), "OK"),
        (Snapshots(30, hours(26), FIVE), "OK"), (Snapshots(30, hours(27), FIVE), "WARN"),
        (Snapshots(30, hours(51), FIVE), "ALERT"), (Snapshots(30, hours(1), hours(1)), "WARN"),
        (Snapshots(30, None, FIVE), "ALERT"), (Snapshots(30, hours(1), None), "ALERT"),
        (Snapshots(0, hours(1), FIVE), "ALERT"),
        (Served("ISSUED", days(200), YEAR, by_acm=False), "OK"),
        (Served("ISSUED", days(100), YEAR, by_acm=False), "WARN"),
        # A third of its life is left, but ACM renews it 60 days before its end.
        (Served("ISSUED", days(100), YEAR, by_acm=True), "OK"), (Served("ISSUED", days(44), YEAR, by_acm=True), "WARN"),
        (Served("ISSUED", days(30), YEAR, by_acm=True), "ALERT"),
        (Served("ISSUED", days(100), YEAR, by_acm=True, renewal="FAILED"), "ALERT"),
        (Served("ISSUED", days(-1), YEAR, by_acm=False), "ALERT"),
        (Served("PENDING_VALIDATION", days(300), YEAR, by_acm=False), "ALERT"),
    ],
)  # fmt: skip
def test_each_is_judged_at_its_limits(vital, level):
    assert vital.judged(SYSTEM)[0] == level


def points(**values):
    """Give the points of two minutes of each metric."""
    names = (
        "RequestCount", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count", "HTTP_Fixed_Response_Count",
        "TargetResponseTime",
    )  # fmt: skip
    return {name: [Point(60.0 * n, value) for n, value in enumerate(values.get(name, ()))] for name in names}


@pytest.mark.parametrize(
    ("counted_", "level", "said"),
    [
        ({}, "OK", "no requests, as far as CloudWatch has counted them by now"),
        # A minute counts by its requests.
        (
            {"RequestCount": (900, 100), "TargetResponseTime": (0.1, 2.1)},
            "OK", "p95 300 ms, 0.0 % of 1000 requests failed",
        ),
        # Whoever meets no target is not among RequestCount.
        ({"HTTPCode_ELB_5XX_Count": (40,)}, "ALERT", "p95 0 ms, 100.0 % of 40 requests failed"),
        # The hold page is no error, whether or not the load balancer calls it one.
        (
            {"HTTPCode_ELB_5XX_Count": (40,), "HTTP_Fixed_Response_Count": (40,)},
            "OK", "no requests, 40 got the hold page",
        ),
    ],
)  # fmt: skip
def test_requests_are_those_that_clients_made(counted_, level, said):
    assert traffic(points(**counted_)).judged(SYSTEM) == (level, said)


def test_error_lines_that_differ_in_numbers_alone_are_one_group():
    rows = [(3, "ERROR order 17 refused"), (2, "ERROR order 18 refused"), (9, "0 errors"), (1, "panic")]
    found = counted(rows, more=True)
    assert (found.count, found.groups, found.more) == (6, ((5, "ERROR order 17 refused"), (1, "panic")), True)
    assert found.judged(SYSTEM)[1].startswith("at least 6 error lines in 24 h\n5 x ERROR order 17")


@pytest.mark.parametrize(
    ("kind", "gibibytes"),
    [("db.t4g.micro", 1), ("db.t4g.medium", 4), ("db.m6g.xlarge", 16), ("db.r6g.2xlarge", 64), ("db.z9.large", 0)],
)
def test_the_memory_of_an_instance_class_is_known(kind, gibibytes):
    assert Database("postgresql", "db", Store("available", ""), kind=kind).memory_bytes == gibibytes * GIBIBYTE


def test_traffic_that_a_run_moves_is_no_alert_and_what_comes_after_without_one_is():
    moves = Moves(Slot.BLUE, run=6)
    green, blue = Gate(confirmed=Slot.GREEN), Gate(confirmed=Slot.BLUE)
    assert moves.judged(blue, run=6, under_way=False) == ("OK", "all to blue")
    assert moves.judged(green, run=7, under_way=True) == ("WARN", "all to green, moved by a run")
    assert moves.judged(green, run=7, under_way=False) == ("OK", "all to green")
    # The run died, and the schedule has put the weights back: an ALERT at every look.
    assert [moves.judged(blue, run=7, under_way=False)[0] for _ in range(2)] == ["ALERT"] * 2
    # A run that came and went between two looks.
    assert moves.judged(blue, run=8, under_way=False) == ("WARN", "all to blue, moved by a run")
