"""The story of a system, with clients all the while: from nothing through deploys, a rollback and a restart."""

from __future__ import annotations

import pytest

from tests.lab.fleet import NAMES
from tests.lab.known_state import wipe

pytestmark = pytest.mark.lab


def test_a_system_is_born_grows_goes_back_and_shuts_down(fleet, start, load):
    wipe(fleet)
    assert start("startup").wait() == 0
    first = start("deploy", release="1.0.0")
    assert first.wait() == 0, first.end
    assert first.end["what"] == "nothing -> 1.0.0"
    with load() as running:
        for verb, data, what, warm, good in (
            ("deploy", {"release": "1.1.0"}, "1.0.0 -> 1.1.0", False, ["1.0.0", "1.1.0"]),
            ("rollback", {}, "1.1.0 -> 1.0.0", True, ["1.0.0"]),
            ("deploy", {"release": "1.1.0"}, "1.0.0 -> 1.1.0", False, ["1.0.0", "1.1.0"]),
            ("restart", {}, "1.1.0", False, ["1.0.0", "1.1.0"]),
        ):
            running.mark(f"{verb} {what}")
            run = start(verb, **data)
            assert run.wait() == 0, run.end
            assert (run.end["what"], run.end["warm"]) == (what, warm)
            assert fleet.served() == what.split(" -> ")[-1]
            assert [fleet.good(host) for host in NAMES] == [good] * len(NAMES)
        assert start("startup").wait() == 0
    report = running.report()
    assert report.failed == 0, report.failures
    for host in NAMES:
        assert fleet.records(host) == [
            ("startup", "nothing", "done"),
            ("deploy", "nothing -> 1.0.0", "done"),
            ("deploy", "1.0.0 -> 1.1.0", "done"),
            ("rollback", "1.1.0 -> 1.0.0", "done"),
            ("deploy", "1.0.0 -> 1.1.0", "done"),
            ("restart", "1.1.0", "done"),
            ("startup", "1.1.0", "unchanged"),
        ]
    assert fleet.leases() == {}


def test_deploying_what_is_live_changes_nothing(fleet, start):
    before = fleet.snapshot()
    again = start("deploy", release="1.0.0")
    assert (again.wait(), again.end["outcome"]) == (0, "unchanged")
    after = fleet.snapshot()
    token = str(again.end["token"])
    assert all(text.endswith(token) for text in after.values())
    assert {host: text.rpartition("\n")[0] for host, text in after.items()} == {
        host: text.rpartition("\n")[0] for host, text in before.items()
    }


def test_shutdown_holds_traffic_and_leaves_the_database_running(fleet, start):
    down = start("shutdown")
    assert down.wait() == 0, down.end
    answer = fleet.ask()
    assert answer.status == 503
    assert "being maintained" in answer.body
    assert fleet.slots_running() == {"web1": set(), "web2": set()}
    assert fleet.sh("db", "systemctl is-active postgresql@15-main redis-server") == "active\nactive"
    assert start("startup").wait() == 0
    assert fleet.served() == "1.0.0"


def test_shutdown_stops_the_database_when_asked_and_startup_brings_all_of_it_back(fleet, start):
    down = start("shutdown", with_database="yes")
    assert down.wait() == 0, down.end
    assert fleet.sh("db", "systemctl is-active postgresql@15-main redis-server || :") == "inactive\ninactive"
    again = start("shutdown", with_database="yes")
    assert (again.wait(), again.end["outcome"]) == (0, "unchanged")
    up = start("startup")
    assert up.wait() == 0, up.end
    assert fleet.ask("/api/items").status == 200
    assert fleet.served() == "1.0.0"
