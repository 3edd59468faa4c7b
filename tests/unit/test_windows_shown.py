"""`fab windows` shows when an environment may be changed: a small calendar, then times in local time and UTC."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from handrail.control.windows import FROZEN, OPEN, PARTLY, SHUT, bar, outlook, print_outlook
from handrail.model.freeze import Closed
from handrail.model.window import Window
from tests import started

if TYPE_CHECKING:
    import subprocess

HERE = Path(__file__).parents[2]
KOLKATA, BERLIN, LORD_HOWE = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def looked(*windows: str, now: str, zone: ZoneInfo = KOLKATA, closed: tuple[Closed, ...] = (), days: int = 7):
    return outlook([Window.read(each) for each in windows], zone, closed, utc(now), days=days)


AUDIT = Closed(utc("2026-11-26 17:30"), utc("2026-11-27 18:30"), "[audit] of the year")


def printed(seen, *, width: int = 80, terminal: bool = False) -> str:
    target = io.StringIO()
    console = Console(
        file=target,
        highlight=False,
        width=width,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
    )
    print_outlook("shop on prod", seen, console)
    return target.getvalue()


def test_a_day_has_a_letter_for_each_hour():
    seen = looked("Tue & Thu 22:00-02:00", now="2026-11-21 09:35", closed=(AUDIT,))
    assert bar(seen, date(2026, 11, 23)) == SHUT * 24
    assert bar(seen, date(2026, 11, 24)) == SHUT * 22 + OPEN * 2
    assert bar(seen, date(2026, 11, 25)) == OPEN * 2 + SHUT * 22
    assert bar(seen, date(2026, 11, 26)) == SHUT * 22 + OPEN + FROZEN
    assert bar(seen, date(2026, 11, 27)) == FROZEN * 24


def test_an_hour_that_is_open_for_a_part_is_told_apart():
    seen = looked("Sat 10:15-12:30", now="2026-11-21 09:35")
    assert bar(seen, date(2026, 11, 21)) == SHUT * 10 + PARTLY + OPEN + PARTLY + SHUT * 11


def test_the_hours_of_today_that_are_over_are_shown_as_they_were():
    seen = looked("any time", now="2026-11-28 06:00", closed=(AUDIT,))
    assert bar(seen, date(2026, 11, 28)) == OPEN * 24
    earlier = looked("any time", now="2026-11-27 18:29", closed=(AUDIT,))
    assert bar(earlier, date(2026, 11, 27)) == FROZEN * 24


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), OPEN * 2 + " " + OPEN * 21),
        (BERLIN, date(2026, 10, 25), OPEN * 24),
        (LORD_HOWE, date(2026, 10, 4), OPEN * 24),
    ],
)
def test_an_hour_that_is_skipped_is_left_blank(zone, day, hours):
    assert bar(looked("any time", now=f"{day} 00:00", zone=zone), day) == hours


def test_the_calendar_marks_today_and_now():
    lines = printed(looked("Tue & Thu 22:00-02:00", now="2026-11-21 09:35")).splitlines()
    ruler = next(line for line in lines if line.strip().startswith("00    03"))
    arrow = next(line for line in lines if "▼" in line)
    today = next(line for line in lines if "2026-11-21" in line and line.startswith(">"))
    assert "now 15:05 IST" in arrow
    assert arrow.index("▼") == ruler.index("15")
    assert today.index(SHUT) == ruler.index("00")
    assert [line[0] for line in lines].count(">") == 1
    assert sum(bool(re.match(r"[> ]  ?(Mon|Tue|Wed|Thu|Fri|Sat|Sun) 2026", line)) for line in lines) == 7


def test_it_fits_a_terminal_of_eighty_columns_and_lists_local_and_utc_times():
    text = printed(looked("Tue & Thu 22:00-02:00", now="2026-11-21 09:35", closed=(AUDIT,)))
    # the others are sentences, which a terminal wraps
    tables = [line for line in text.splitlines()[2:] if not line.startswith("frozen")]
    assert max(map(len, tables)) <= 80
    assert re.search(r"Tue 2026-11-24 22:00 IST +Wed 11-25 02:00 IST +11-24 16:30 to 11-24 20:30 +4h", text)
    assert re.search(r"Thu 2026-11-26 22:00 IST +Thu 11-26 23:00 IST +11-26 16:30 to 11-26 17:30 +1h", text)
    frozen = (
        "frozen Thu 2026-11-26 23:00 IST to Sat 11-28 00:00 IST (11-26 17:30 to 11-27 18:30 UTC): [audit] of the year"
    )
    assert frozen in text


def test_it_says_first_whether_it_is_open_now():
    assert "is shut; it opens Tue 2026-11-24 22:00 IST = 16:30 UTC" in printed(
        looked("Tue & Thu 22:00-02:00", now="2026-11-21 09:35"), width=200
    )
    assert "open: Tue & Thu 22:00-02:00 (Asia/Kolkata), open until Wed" in printed(
        looked("Tue & Thu 22:00-02:00", now="2026-11-24 17:00"), width=200
    )
    assert "frozen until Sat 2026-11-28 00:00 IST" in printed(
        looked("any time", now="2026-11-26 18:00", closed=(AUDIT,)), width=200
    )


def test_no_color_leaves_only_letters(monkeypatch):
    seen = looked("any time", now="2026-11-26 10:00", closed=(AUDIT,))
    assert "\x1b[3" in printed(seen, terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in printed(seen, terminal=True)


def test_json_has_every_opening_and_freeze_with_local_and_utc_times():
    seen = json.loads(json.dumps(looked("Tue & Thu 22:00-02:00", now="2026-11-21 09:35:20", closed=(AUDIT,)).json()))
    assert (seen["open"], seen["until"], seen["opens_at"]) == (False, None, "2026-11-24T16:30:00+00:00")
    assert (seen["time_zone"], seen["windows"], seen["days"]) == ("Asia/Kolkata", ["Tue & Thu 22:00-02:00"], 7)
    assert seen["openings"][0] == {
        "begins": "2026-11-24T16:30:00+00:00", "ends": "2026-11-24T20:30:00+00:00",
        "local_begins": "2026-11-24T22:00:00+05:30", "local_ends": "2026-11-25T02:00:00+05:30",
    }  # fmt: skip
    assert [each["reason"] for each in seen["freezes"]] == ["[audit] of the year"]


def test_a_freeze_that_was_over_this_morning_is_drawn_and_not_listed():
    morning = Closed(utc("2026-11-27 18:30"), utc("2026-11-27 20:30"), "audit")
    seen = looked("any time", now="2026-11-27 20:30", closed=(morning,))
    assert bar(seen, date(2026, 11, 28)) == FROZEN * 2 + OPEN * 22
    assert seen.json()["freezes"] == []


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([KOLKATA, BERLIN, LORD_HOWE, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")]),
    st.integers(0, 366 * 24 * 60),
    st.sampled_from(["any time", "daily 01:30-02:30", "Fri-Sun 22:00-06:00"]),
)
def test_every_day_of_every_zone_can_be_drawn(zone, minutes, window):
    now = datetime.fromtimestamp(utc("2026-01-01").timestamp() + minutes * 60, UTC)
    seen = outlook([Window.read(window)], zone, (), now, days=3)
    text = printed(seen)
    assert text.count("▼") == 1
    assert set(bar(seen, now.astimezone(zone).date())) <= {OPEN, PARTLY, SHUT, " "}


def fab(*words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "fabric", "windows", "--inventory", "inventories/prod.py", *words]
    return started.run(line, cwd=HERE, env=os.environ | {"NO_COLOR": "1"}, timeout=60)


def test_the_task_shows_the_windows_of_an_inventory():
    done = fab("--days", "3")
    assert done.returncode == 0, done.stderr
    assert "sanvi on prod: Tue & Thu 22:00-02:00 (Asia/Kolkata)" in done.stdout
    assert json.loads(fab("--json").stdout)["time_zone"] == "Asia/Kolkata"


@pytest.mark.parametrize("days", ["0", "61", "two", "-1", "1.5"])
def test_the_task_refuses_days_that_make_no_sense(days):
    done = fab(f"--days={days}")
    assert done.returncode == 2
    assert "allowed: a whole number from 1 to 60" in done.stderr
