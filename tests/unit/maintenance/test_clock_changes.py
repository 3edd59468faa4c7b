"""A window on the night when clocks are changed: it lasts as long as it says, whatever the clock on the wall shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from handrail.control.task import opened
from handrail.errors import Refused
from handrail.maintenance.plan import planned
from handrail.model.zone import shown

HOUR = timedelta(hours=1)
FILE, INVENTORY = "maintenance/monthly.yaml", "inventories/prod.py"


def at_utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Far away, for a window cannot begin in the past. Europe changes its clocks at 01:00 UTC, New York at 02:00 there.
FORWARD, BACK = at_utc("2036-03-30 01:00"), at_utc("2036-10-26 01:00")
NEW_YORK_BACK = at_utc("2036-11-02 06:00")
# faketime would make waiting for an event endless: it does not know of every clock that Python waits by.
CLOCK = """
import datetime, os, time
begun, ahead = time.time, float(os.environ["AHEAD_SECONDS"])
time.time = lambda: begun() + ahead
class Later(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
datetime.datetime = Later
"""


@pytest.fixture
def plan(folder, monkeypatch):
    """Plan the folder's window in a zone, as long as asked, under the windows of the environment."""
    monkeypatch.chdir(folder.path)

    def make(zone, at, *, lasts="2h", windows="any time"):
        folder.change(lasts=lasts)
        system = folder.path / "inventories/shop.yaml"
        rules = f"environments: {{prod: {{changes: {{time_zone: {zone}, windows: [{windows}]}}}}}}\n"
        system.write_text(system.read_text().partition("environments:")[0] + rules)
        return planned(FILE, opened(INVENTORY), at)

    return make


@pytest.mark.parametrize(
    ("zone", "at", "begins", "ends"),
    [
        ("Europe/Berlin", "2036-03-30 01:30", "2036-03-30 00:30", "Sun 2036-03-30 04:30 CEST = 02:30 UTC"),
        ("Europe/Berlin", "2036-03-30 02:30", "2036-03-30 01:00", "Sun 2036-03-30 05:00 CEST = 03:00 UTC"),
        ("Europe/Berlin", "2036-10-26 01:30", "2036-10-25 23:30", "Sun 2036-10-26 02:30 CET = 01:30 UTC"),
        ("Europe/Berlin", "2036-10-26 02:30", "2036-10-26 00:30", "Sun 2036-10-26 03:30 CET = 02:30 UTC"),
        ("America/New_York", "2036-03-09 01:30", "2036-03-09 06:30", "Sun 2036-03-09 04:30 EDT = 08:30 UTC"),
        ("America/New_York", "2036-11-02 01:30", "2036-11-02 05:30", "Sun 2036-11-02 02:30 EST = 07:30 UTC"),
    ],
)
def test_a_window_lasts_as_long_as_it_says_while_clocks_are_changed(plan, zone, at, begins, ends):
    found = plan(zone, at)
    assert (found.begins, shown(found.ends, found.zone)) == (at_utc(begins), ends)
    assert found.ends - found.begins == 2 * HOUR
    row = found.row()
    assert (row["ends"] - row["begins"], row["id"]) == (7200, f"monthly-{found.begins:%Y%m%dT%H%MZ}")
    moments = [datetime.fromisoformat(step["at"]) for step in found.json()["steps"]]
    takes = [timedelta(seconds=step["takes_seconds"]) for step in found.json()["steps"]]
    assert [moment - found.begins for moment in moments] == [sum(takes[:n], timedelta()) for n in range(len(takes))]


def test_a_night_window_is_an_hour_shorter_in_spring_and_an_hour_longer_in_autumn(plan):
    night = {"windows": "Sun 01:00-04:00"}
    assert plan("Europe/Berlin", "2036-03-30 01:00", lasts="2h", **night).ends == FORWARD + HOUR
    with pytest.raises(
        Refused, match=r"closes Sun 2036-03-30 04:00 CEST = 02:00 UTC, in 2h, and the change takes abou"
    ):
        plan("Europe/Berlin", "2036-03-30 01:00", lasts="3h", **night)
    assert plan("Europe/Berlin", "2036-10-26 01:00", lasts="4h", **night).ends == BACK + 2 * HOUR
    with pytest.raises(Refused, match=r"closes Sun 2036-10-26 04:00 CET = 03:00 UTC, in 4h"):
        plan("Europe/Berlin", "2036-10-26 01:00", lasts="5h", **night)


@pytest.fixture
def clock(folder):
    """Set the clock of all that is begun in the folder from now on."""
    (folder.path / "clock").mkdir()
    (folder.path / "clock/sitecustomize.py").write_text(CLOCK)
    folder.env["PYTHONPATH"] = str(folder.path / "clock")

    def show(now, zone):
        folder.env |= {"TZ": zone, "AHEAD_SECONDS": str((now - datetime.now(UTC)).total_seconds())}

    return show


@pytest.mark.parametrize(
    ("zone", "change", "takes", "exit_code", "text"),
    [
        # The clock on the wall says that an hour and six minutes went by: it were six.
        ("Europe/Berlin", FORWARD, "10m", 0, "done: everything was done and verified"),
        # It says that nothing did: the five minutes of the task are over all the same.
        ("America/New_York", NEW_YORK_BACK, "5m", 1, "broken off, and its 300 s are over"),
    ],
)
def test_a_window_that_was_killed_before_clocks_are_changed_goes_on_by_real_time(
    folder, clock, zone, change, takes, exit_code, text
):
    file = folder.path / "maintenance/monthly.yaml"
    file.write_text(file.read_text().replace("deploy: 1.1.0", f"deploy: 1.1.0, takes: {takes}"))
    (folder.path / "slow-deploy").touch()
    clock(change - timedelta(minutes=5), zone)
    window = folder.book()
    worker = folder.work()
    child = folder.until(lambda: folder.begun("deploy"))
    runner = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
    folder.kill(worker)
    for number in (runner, child):
        folder.kill_process(number)
    (folder.path / "slow-deploy").unlink()
    clock(change + timedelta(minutes=1), zone)
    folder.work()
    told = folder.over(window)
    assert told["exit_code"] == exit_code, told
    assert text in told["text"]
    begins, ends = (datetime.fromisoformat(told[key]) for key in ("begins", "ends"))
    assert (begins < change < ends, ends - begins) == (True, 2 * HOUR)
    (step,) = (step for step in told["steps"] if step["key"] == "task-1")
    began, ended = (datetime.fromisoformat(step[key]) for key in ("began", "ended"))
    assert began < change < ended < began + timedelta(minutes=9)
