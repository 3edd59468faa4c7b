"""Startup when PostgreSQL or nginx is down, and when PostgreSQL cannot come up."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.lab

BROKEN = "/etc/postgresql/15/main/conf.d/broken.conf"
STATE = "systemctl is-active postgresql@15-main || :"


def test_startup_starts_a_database_that_was_stopped(fleet, start):
    fleet.sh("db", "systemctl stop postgresql")
    run = start("startup")
    assert run.wait() == 0, run.end
    assert fleet.ask("/api/items").status == 200
    assert fleet.sh("db", STATE) == "active"


def test_startup_starts_a_database_that_died(fleet, start):
    # Debian's postgresql.service stays active whatever becomes of the cluster's own unit
    fleet.sh("db", "systemctl kill --signal=KILL postgresql@15-main; systemctl stop postgresql@15-main")
    assert fleet.sh("db", "systemctl is-active postgresql") == "active"
    run = start("startup")
    assert run.wait() == 0, run.end
    assert fleet.ask("/api/items").status == 200
    assert fleet.sh("db", STATE) == "active"


def test_startup_starts_an_edge_that_was_stopped_though_all_else_is_well(fleet, start):
    fleet.sh("edge", "systemctl stop nginx")
    run = start("startup")
    assert run.wait() == 0, run.end
    assert run.end["outcome"] == "done", run.end
    assert fleet.ask().status == 200
    again = start("startup")
    assert again.wait() == 0
    assert again.end["text"] == "nothing to do: it is as asked already"


@pytest.fixture
def spoil(fleet):
    """Spoil the database's configuration until the end of the test."""
    yield lambda: fleet.sh("db", f"echo nonsense_setting = yes >{BROKEN}")
    fleet.sh("db", f"rm -f {BROKEN}")


def test_a_database_that_cannot_start_is_named_with_its_log_and_traffic_stays_held(fleet, start, spoil):
    assert start("shutdown", with_database="yes").wait() == 0
    spoil()
    run = start("startup")
    assert run.wait() == 1
    assert "postgresql" in run.end["text"]
    assert "db" in run.end["text"]
    (event,) = run.steps("start the datastores", "db")
    assert "nonsense_setting" in event["log"]
    answer = fleet.ask()
    assert (answer.status, "being maintained" in answer.body) == (503, True)
    assert fleet.leases() == {}
    fleet.sh("db", f"rm {BROKEN}")
    assert start("startup").wait() == 0
    assert fleet.served() == "1.0.0"
