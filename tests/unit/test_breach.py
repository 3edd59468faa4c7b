"""A watch ends early when an ALERT stays, and says what it saw: on a terminal, in lines, as JSON."""

from __future__ import annotations

import io
import json
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from rich.console import Console

from handrail.control import looks
from handrail.control.screen import Screen, spark
from handrail.control.watch import Poll, watch
from handrail.errors import BadInput
from handrail.model import document
from handrail.model.breach import Record
from handrail.model.level import Finding, Level
from handrail.model.vitals import Traffic

SYSTEM = document.parse(Path("inventories/sanvi.yaml").read_text(), source="sanvi.yaml", environment="prod")
BEGAN = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def finding(level, what="backend", host="web1"):
    return Finding(Level(level), what, host, f"{what} says {level}")


def taken(*looks):
    """Take looks ten seconds apart, and give the last breaches."""
    record, breaches = Record(), ()
    for number, findings in enumerate(looks):
        breaches = record.take(findings, at=BEGAN + timedelta(seconds=10 * number))
    return record, breaches


def test_an_alert_twice_in_a_row_is_a_breach_since_the_first():
    _, breaches = taken([finding("OK")], [finding("ALERT")], [finding("ALERT")])
    assert [(breach.finding.what, breach.since) for breach in breaches] == [("backend", BEGAN + timedelta(seconds=10))]


@pytest.mark.parametrize(
    "looks",
    [
        ([finding("ALERT")],),
        ([finding("ALERT")], [finding("OK")], [finding("ALERT")]),
        ([finding("ALERT", "backend")], [finding("ALERT", "frontend")]),
        ([finding("ALERT", host="web1")], [finding("ALERT", host="web2")]),
        ([finding("WARN")], [finding("WARN")]),
        ([finding("WARN")], [finding("ALERT")]),
    ],
)
def test_nothing_else_is_a_breach(looks):
    assert taken(*looks)[1] == ()


def test_an_alert_that_comes_and_goes_is_a_breach_at_the_third_within_ten_looks():
    _, breaches = taken(*[[finding("ALERT" if number % 2 == 0 else "OK")] for number in range(5)])
    assert [(breach.finding.what, breach.since) for breach in breaches] == [("backend", BEGAN)]
    _, breaches = taken(*[[finding(level)] for level in [*["ALERT", "OK", "OK", "OK"] * 2, "ALERT"]])
    assert breaches


def test_two_alerts_within_ten_looks_and_a_third_long_after_are_none():
    assert taken(*[[finding(level)] for level in ["ALERT", "OK", "ALERT", *["OK"] * 8, "ALERT"]])[1] == ()


def test_an_alert_of_the_last_look_is_in_doubt_until_the_next():
    assert taken([finding("ALERT")])[0].in_doubt
    assert not taken([finding("ALERT")], [finding("OK")])[0].in_doubt


@pytest.mark.parametrize(("levels", "code"), [(["OK", "OK"], 0), (["WARN", "OK"], 1), (["ALERT", "OK"], 1)])
def test_a_watch_without_a_breach_ends_with_one_when_not_all_was_ok(levels, code):
    assert taken(*([finding(level)] for level in levels))[0].exit_code == code


# --- the whole watch, with looks that are made up and a clock that is not waited for ---


class Time:
    """A clock that moves when somebody waits."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class Pressed(Event):
    """Waits by that clock."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def wait(self, seconds):
        assert seconds >= 0
        self.clock.now += 0 if self.is_set() else seconds
        return self.is_set()


@pytest.fixture
def clock(monkeypatch):
    made = Time()
    monkeypatch.setattr("handrail.control.watch.time", made)
    monkeypatch.setattr("handrail.control.watch.Event", partial(Pressed, made))
    return made


def watched(clock, *levels, minutes=1.0, every=10, as_json=False, took=0.0):
    """Watch looks with these levels, the last one again and again; None is Ctrl-C."""
    coming = list(levels)

    def look_again(passed):
        level = coming.pop(0) if len(coming) > 1 else coming[0]
        if level is None:
            os.kill(os.getpid(), signal.SIGINT)
            level = Level.OK
        clock.now += took
        flow = Finding(Level.OK, "traffic", "edge", "p95 3 ms")
        at = BEGAN + timedelta(seconds=clock.now)
        return Poll(at, (finding(level), flow), {"edge": Traffic(120, 2, 3)})

    lasts = timedelta(minutes=minutes)
    screen = Screen("sanvi on prod", SYSTEM, lasts=lasts, as_json=as_json)
    with screen:
        ending = watch(look_again, screen, SYSTEM, lasts=lasts, every=timedelta(seconds=every))
    screen.end(ending)
    return ending


def test_a_watch_looks_from_the_beginning_to_the_end(clock):
    ending = watched(clock, "OK")
    assert (ending.outcome, ending.exit_code) == ("done", 0)
    assert "7 looks, nothing but OK" in ending.text
    assert clock.now == 60


def test_a_look_that_takes_long_makes_the_next_one_no_later(clock):
    assert "7 looks" in watched(clock, "OK", took=4).text
    assert "3 looks" in watched(clock, "OK", took=20).text


def test_a_breach_ends_a_watch_at_once_and_says_what_since_when_and_what_to_do(clock):
    ending = watched(clock, "OK", "ALERT", minutes=30)
    assert (ending.outcome, ending.exit_code, clock.now) == ("breach", 2, 20)
    assert ending.text == "backend on web1: backend says ALERT, since 12:00:10 UTC (look 3)"
    assert "fab rollback" in ending.next_step
    assert "fab logs backend" in ending.next_step


def test_an_alert_of_the_last_look_is_looked_at_once_more(clock):
    assert watched(clock, *["OK"] * 6, "ALERT", "ALERT").exit_code == 2
    clock.now = 0
    ending = watched(clock, *["OK"] * 6, "ALERT", "OK")
    assert (ending.outcome, ending.exit_code) == ("done", 1)
    assert "8 looks" in ending.text


def test_alerts_that_change_places_do_not_keep_a_watch_running_past_its_end(clock):
    places = [finding("ALERT", "backend"), finding("ALERT", "frontend")]
    seen = []

    def look_again(_):
        seen.append(places[len(seen) % 2])
        assert len(seen) < 100, "it goes on for ever"
        # the same place only every other look, and never three times within ten
        return Poll(BEGAN, (replace(seen[-1], host=f"web{len(seen)}"),), {})

    lasts = timedelta(minutes=1)
    with Screen("sanvi on prod", SYSTEM, lasts=lasts, as_json=True) as screen:
        ending = watch(look_again, screen, SYSTEM, lasts=lasts, every=timedelta(seconds=10))
    assert (ending.outcome, ending.exit_code, len(seen)) == ("done", 1, 8)
    assert "the last look had an ALERT" in ending.text


def test_warnings_end_with_one(clock):
    assert watched(clock, "OK", "WARN", "OK").exit_code == 1


def test_ctrl_c_ends_with_a_summary_and_not_with_zero(clock):
    ending = watched(clock, "OK", "OK", None, minutes=30)
    assert (ending.outcome, ending.exit_code) == ("interrupted", 1)
    assert ending.text == "interrupted after 20s of 30m: 3 looks, nothing but OK"


def test_without_a_terminal_each_look_is_one_line(clock, capsys):
    watched(clock, "OK", "WARN", "OK", minutes=0.4)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "sanvi on prod"
    assert lines[1] == "12:00:00 OK  edge p95 3 ms"
    assert lines[2] == "12:00:10 WARN  edge p95 3 ms  WARN backend web1: backend says WARN"
    assert lines[-1].startswith("DONE watched for 24s: 4 looks, there were WARNs")
    assert "\x1b" not in "".join(lines)
    assert len(lines) == 1 + 4 + 1


def test_for_machines_each_look_is_one_object_and_the_end_the_last(clock, capsys):
    watched(clock, "OK", "ALERT", as_json=True)
    *polls, end = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["level"] for each in polls] == ["OK", "ALERT", "ALERT"]
    assert polls[0]["traffic"] == {"edge": {"requests": 120, "failed": 2, "p95_milliseconds": 3}}
    assert polls[0]["findings"] == []
    assert polls[1]["findings"][0]["what"] == "backend"
    assert (end["outcome"], end["exit_code"]) == ("breach", 2)


def on_a_terminal(monkeypatch, clock, **variables):
    """Give all that a terminal would get."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = Console(file=io.StringIO(), force_terminal=True, width=100, highlight=False, color_system="standard")
    monkeypatch.setattr("handrail.control.screen.console_for_tables", lambda: terminal)
    watched(clock, "OK", "ALERT")
    return terminal.file.getvalue()


def test_a_terminal_shows_sparklines_the_last_findings_and_rings_at_a_breach(clock, monkeypatch):
    shown = on_a_terminal(monkeypatch, clock)
    assert "█" in shown
    assert "of 120 requests" in shown
    assert "backend says ALERT" in shown
    assert "\x1b[31m" in shown or "\x1b[1;31m" in shown
    assert shown.endswith("\a")


def test_no_color_takes_the_colours_away(clock, monkeypatch):
    shown = on_a_terminal(monkeypatch, clock, NO_COLOR="1")
    assert "backend says ALERT" in shown
    assert not any(f"\x1b[{code}m" in shown for code in ("31", "1;31", "32", "33"))


def test_a_bar_is_as_high_as_its_number_beside_the_highest():
    ok = Level.OK
    assert spark([(0, ok), (50, ok), (100, Level.ALERT)]).plain == "▁▅█"
    assert spark([(0, ok), (0, ok)]).plain == "▁▁"
    assert spark([]).plain == ""


@pytest.mark.parametrize("minutes", ["0", "-1", "x", "nan", "inf", "1441"])
def test_minutes_that_cannot_be_are_bad_input(minutes):
    with pytest.raises(BadInput, match="--minutes"):
        looks._minutes(minutes)


@pytest.mark.parametrize("every", ["10", "0s", "500ms", "x"])
def test_a_pause_that_cannot_be_is_bad_input(every):
    with pytest.raises(BadInput, match="--every"):
        looks._every(every)
