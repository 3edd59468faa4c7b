"""A window's file: what may stand in it, and how slips are told."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from handrail.errors import BadInput, SystemInvalid
from handrail.maintenance import verbs
from handrail.maintenance.read import window_in
from handrail.model.maintenance_document import parse

GOOD = """\
window: monthly
system: shop
lasts: 2h
tasks:
  - {task: Vacuum, vacuum: true}
"""


def refused(text):
    with pytest.raises(SystemInvalid) as caught:
        parse(text, source="w.yaml")
    return caught.value.message


@pytest.mark.parametrize("file", sorted(Path("maintenance").glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_windows_can_be_read(file):
    assert window_in(str(file)).tasks


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + "laats: 3h\n", "w.yaml:6: laats: found unknown key 'laats'; allowed: one of the keys: window, system"),
        (GOOD.replace("vacuum: true", "vacuum: 3"), "w.yaml:5: tasks[0].vacuum"),
        (
            GOOD.replace("vacuum: true", "vacuum: true, deploy: 1.1.0"),
            "found vacuum and deploy; allowed: exactly one",
        ),
        (GOOD.replace("vacuum: true", "command: [a]"), "found no undo; allowed: undo beside command: how it is undone"),
        (GOOD.replace("vacuum: true", "vacuum: true, undo: [a]"), "allowed: no undo beside vacuum"),
        (GOOD.replace("vacuum: true", 'deploy: "../x"'), "tasks[0].deploy"),
        (GOOD.replace("lasts: 2h", "lasts: 10m"), "found lasts of 10m; allowed: lasts of 45m or more"),
        (GOOD.replace("lasts: 2h", "lasts: 2"), "allowed: a duration with its unit"),
        (GOOD.partition("tasks")[0] + "tasks: []\n", "found an empty list; allowed: at least one task"),
        (GOOD + "  - {task: Vacuum, vacuum: true}\n", "found two with 'Vacuum'"),
        (GOOD.partition("tasks")[0], "tasks: found nothing; allowed: a value"),
        ("- 3\n", "no mapping"),
    ],
)
def test_a_slip_is_told_with_its_line_and_what_is_allowed(text, told):
    assert told in refused(text)


def test_a_function_gives_a_window(tmp_path):
    file = tmp_path / "w.py"
    file.write_text(
        textwrap.dedent("""
            def window():
                return {"window": "w", "system": "shop", "lasts": "2h", "tasks": [{"task": "Go", "deploy": "1.1.0"}]}
            """)
    )
    assert window_in(str(file)).tasks[0].deploy == "1.1.0"


@pytest.mark.parametrize(
    ("text", "told"),
    [("x = 3\n", "has no function window()"), ("def window():\n    return 1 / 0\n", "ZeroDivisionError")],
)
def test_a_python_file_that_gives_no_window_is_bad_input(tmp_path, text, told):
    file = tmp_path / "w.py"
    file.write_text(text)
    with pytest.raises(BadInput, match=told.replace("(", r"\(").replace(")", r"\)")):
        window_in(str(file))


def test_a_file_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(BadInput, match=r"there are: .*maintenance/vendhub\.yaml"):
        window_in("maintenance/vendhubb.yaml")


def test_a_worker_without_its_engine_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(verbs, "find_spec", lambda _: None)
    with pytest.raises(SystemExit) as left:
        verbs.worker("")
    assert left.value.code == 2
    assert "pip install 'handrail[durable]'" in " ".join(capsys.readouterr().err.split())
