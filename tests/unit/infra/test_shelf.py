"""Plans that wait: how they are kept, found, and seen to be what they were."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import replace

import pytest

from handrail.errors import BadInput, Refused
from handrail.infra.shelf import Shelf
from handrail.model.infra_plan import InfraPlan

PLAN = InfraPlan("", "c0ffee", "code", "variables", "lineage", 3, False, "1 to add", ("add aws_vpc.this",), ())


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path)


def put(shelf, content, *, age=0, **changes):
    """Put a plan there, so many seconds old."""
    shelf.fresh.write_bytes(content)
    plan = replace(PLAN, sha256=hashlib.sha256(content).hexdigest(), **changes)
    path = shelf.put(plan)
    note = path.with_suffix(".json")
    os.utime(note, (note.stat().st_mtime - age,) * 2)
    return plan


def test_a_plan_and_its_note_are_for_their_owner_alone(shelf, tmp_path):
    put(shelf, b"one")
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


def test_the_newest_of_its_kind_is_found_and_any_by_its_name(shelf):
    old, new = put(shelf, b"old", age=20), put(shelf, b"new", age=10)
    gone = put(shelf, b"gone", destroy=True)
    assert shelf.find("", destroy=False) == new
    assert shelf.find("", destroy=True) == gone
    assert shelf.find(old.id[:8], destroy=False) == old


def test_a_plan_is_applied_by_its_own_verb(shelf):
    plan = put(shelf, b"gone", destroy=True)
    with pytest.raises(BadInput, match=r"is for infra\.destroy") as caught:
        shelf.find(plan.id, destroy=False)
    assert caught.value.next_step == f"fab infra.destroy --plan {plan.id}"


@pytest.mark.parametrize("name", ["../../etc/passwd", "abc", "*", "deadbeefdeadbeef", "DEADBEEF"])
def test_what_is_no_name_of_a_plan_is_told(shelf, name):
    with pytest.raises(BadInput, match="a plan is named by 8 to 12 of 0-9 and a-f"):
        shelf.find(name, destroy=False)


def test_a_plan_that_is_not_there_is_told_with_those_that_are(shelf):
    plan = put(shelf, b"one")
    with pytest.raises(BadInput, match=rf"there is no plan deadbeef; plans that wait: {plan.id}"):
        shelf.find("deadbeef", destroy=False)


def test_an_edited_file_and_one_that_is_gone_are_refused(shelf):
    plan = put(shelf, b"one")
    assert shelf.check(plan).read_bytes() == b"one"
    shelf.file_of(plan).write_bytes(b"two")
    with pytest.raises(Refused, match="was edited"):
        shelf.check(plan)
    shelf.file_of(plan).unlink()
    with pytest.raises(Refused, match="is gone"):
        shelf.check(plan)


def test_a_note_under_another_name_is_no_plan(shelf, tmp_path):
    plan = put(shelf, b"one")
    other = json.dumps(replace(plan, sha256="f" * 64).json())
    (tmp_path / f"{plan.id}.json").write_text(other)
    with pytest.raises(BadInput, match="plans that wait: none"):
        shelf.find("", destroy=False)


def test_what_is_cleared_is_plans_alone(shelf, tmp_path):
    put(shelf, b"one")
    put(shelf, b"two")
    (tmp_path / "variables.tfvars.json").write_text("{}")
    shelf.clear()
    assert [path.name for path in tmp_path.iterdir()] == ["variables.tfvars.json"]
