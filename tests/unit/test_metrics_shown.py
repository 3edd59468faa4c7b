"""`fab metrics`: what it takes, what it shows, what it plots."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from handrail.control import metric_tables
from handrail.control.metric_plot import draw
from handrail.control.metric_tables import lasting
from handrail.control.metrics import begin_of, checked_picture, the_one
from handrail.control.past import read_runs
from handrail.errors import BadInput
from handrail.model.metrics import measure
from tests.unit.test_metrics import DAY, HOUR, NOW, SINCE, body

# Each has a deploy, one that was mended, one that failed, and a week without any.
PAST = [
    body(ago=40 * DAY, change="c1"), body("rollback", ago=40 * DAY - HOUR), body(ago=20 * DAY, change="c2"),
    body(ago=2 * DAY, outcome="failed"), body("rehearse", ago=DAY), body(ago=HOUR, change="c3"),
]  # fmt: skip
REQUESTED = {"c1": NOW - 43 * DAY, "c2": NOW - 21 * DAY, "c3": NOW - 3 * DAY}


def found(bodies=PAST):
    runs, _ = read_runs(bodies)
    return measure(runs, requested=REQUESTED, since=SINCE, until=NOW)


def shown(capsys, metrics, **more):
    options = {"unreadable": 0, "as_json": False} | more
    metric_tables.metrics(metrics, SINCE, NOW, **options)
    return capsys.readouterr().out


def test_no_runs_are_said_to_be_none_and_no_number_is_shown(capsys):
    assert shown(capsys, ()) == "no runs yet, from 2026-08-23 to 2026-11-21\n"


def test_no_runs_are_an_empty_list_for_machines(capsys):
    assert json.loads(shown(capsys, (), as_json=True))["metrics"] == []


def test_the_table_has_every_metric(capsys):
    text = shown(capsys, found())
    for words in ("deployment frequency", "change failure rate", "lead", "recovery", "rollback", "rehearsal of one"):
        assert words in text
    assert "50%" in text
    assert "2 of 4: 1 failed, 1 had to be mended afterwards" in text
    assert "1 went back by itself" in text


def test_what_no_run_tells_is_a_dash_and_not_a_zero(capsys):
    text = shown(capsys, found([body("restart")]))
    assert "no deploys yet" in text
    assert "%" not in text
    assert " 0.0 s" not in text


def test_records_that_cannot_be_read_are_told(capsys):
    assert "left out: 2 records of runs" in shown(capsys, (), unreadable=2)


def test_machines_get_the_same_and_the_weeks(capsys):
    (seen,) = json.loads(shown(capsys, found(), as_json=True))["metrics"]
    assert (seen["system"], seen["environment"], seen["deployments"], seen["failure_rate"]) == ("sanvi", "prod", 4, 0.5)
    assert seen["rollback_time"]["count"] == 1
    assert sum(week["deployments"] for week in seen["weeks"]) == 4
    assert seen["weeks"][0] | {"week": ""} == seen["weeks"][1] | {"week": ""}
    assert seen["weeks"][0]["failure_rate"] is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (3.24, "3.2 s"),
        (60, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (144_000, "1 d 16 h"),
    ],
)
def test_a_time_is_told_by_the_units_that_matter(seconds, words):
    assert lasting(seconds) == words


@pytest.mark.parametrize(
    ("text", "begin"),
    [("90d", NOW - 90 * DAY), ("1d", NOW - DAY), ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC))],
)
def test_since_is_days_or_a_day(text, begin):
    assert begin_of(text, now=NOW) == begin


@pytest.mark.parametrize("text", ["", "0d", "-1d", "90", "90 d", "2026-13-01", "2027-01-01", "99999d", "٣d", "1e9d"])
def test_another_since_is_bad_input_with_the_next_step(text):
    with pytest.raises(BadInput, match="--since") as caught:
        begin_of(text, now=NOW)
    assert caught.value.next_step == "fab metrics --since 90d"


def test_a_picture_needs_a_known_format_and_a_folder(tmp_path):
    assert checked_picture("") is None
    assert checked_picture(str(tmp_path / "a.PNG")) == tmp_path / "a.PNG"
    for wrong in ("a.pdf", "svg", str(tmp_path / "none" / "a.svg")):
        with pytest.raises(BadInput, match="--plot"):
            checked_picture(wrong)


def test_a_picture_shows_one_system():
    with pytest.raises(BadInput, match="sanvi on prod, vendhub on prod") as caught:
        the_one(found([body(), body(system="vendhub")]))
    assert "--inventory" in caught.value.next_step


def test_a_picture_is_drawn_in_both_formats(tmp_path):
    pytest.importorskip("matplotlib")
    (metrics,) = found()
    draw(metrics, tmp_path / "m.png")
    draw(metrics, tmp_path / "m.svg")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")
    assert ET.parse(tmp_path / "m.svg").getroot().tag.endswith("svg")  # noqa: S314  # our own file
    draw(metrics, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text() == (tmp_path / "m.svg").read_text()


@pytest.mark.parametrize(
    "bodies",
    [
        [body("restart")],
        [body("rollback", lasts=timedelta(0))],
        [body(ago=DAY), body("rollback", ago=HOUR, lasts=timedelta(seconds=0.001))],
        [body(ago=number * DAY, run=str(number)) for number in range(90)],
    ],
)
def test_a_picture_of_little_or_much_is_drawn(tmp_path, bodies):
    pytest.importorskip("matplotlib")
    draw(found(bodies)[0], tmp_path / "m.png")


def test_a_picture_in_a_folder_that_cannot_be_written_is_bad_input(tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "m.png").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        draw(found()[0], tmp_path / "m.png")


def test_without_matplotlib_the_next_step_is_its_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BadInput, match="matplotlib") as caught:
        draw(found()[0], tmp_path / "m.svg")
    assert caught.value.next_step == "pip install 'handrail[plots]'"


def test_empty_weeks_are_gaps():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure  # noqa: PLC0415  # an extra

    from handrail.control.metric_plot import _failure_rate, _lead_time  # noqa: PLC0415  # likewise

    (metrics,) = found()
    for fill in (_failure_rate, _lead_time):
        panel = Figure().subplots()
        fill(panel, metrics)
        drawn = panel.lines[0].get_ydata()
        assert len(drawn) == len(metrics.weeks)
        empty = [value != value for value in drawn]  # noqa: PLR0124  # only NaN differs from itself
        assert empty == [each.deployments == 0 for _, each in metrics.weeks]
        assert 0 < sum(empty) < len(empty)
