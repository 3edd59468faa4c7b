"""What people see of plans, drift and progress."""

from __future__ import annotations

import pytest

from handrail.control import infra_tables
from handrail.control.infra_progress import line
from handrail.model.environment import Environment
from handrail.model.infra_change import Action, ResourceChange, Summary
from handrail.model.infra_drift import Drift
from tests.unit.infra.test_description import described
from tests.unit.infra.test_shelf import PLAN

SUMMARY = Summary((
    ResourceChange(Action.REPLACE, "aws_db_instance.primary", "because of storage_encrypted", "a database"),
    ResourceChange(Action.ADD, "aws_vpc.this"),
))  # fmt: skip


@pytest.fixture
def shop():
    return Environment("prod", described(), {})


def test_a_plan_is_shown_with_its_reasons_its_losses_and_the_next_step(shop, capsys):
    by_hand = [Drift("aws_vpc.other", "changed by hand")]
    infra_tables.plan(shop, SUMMARY, PLAN, by_hand, next_step="fab infra.apply --plan c0ffee", as_json=False)
    shown = capsys.readouterr().out
    assert "sanvi on prod: 1 to add, 1 to replace" in shown
    assert "because of storage_encrypted" in shown
    assert "LOSES a database" in shown
    assert "loses data aws_db_instance.primary: a database" in shown
    assert "aws_vpc.other" in shown
    assert shown.index("aws_db_instance.primary") < shown.index("aws_vpc.this")
    assert "next  fab infra.apply --plan c0ffee" in shown


def test_a_plan_with_nothing_to_do_names_no_next_step(shop, capsys):
    infra_tables.plan(shop, Summary(()), None, [], next_step="", as_json=False)
    assert capsys.readouterr().out == "sanvi on prod: nothing to do\n"


def test_drift_is_shown_by_resource(shop, capsys):
    found = [Drift("aws_vpc.this", "changed by hand", ("cidr: a is now b",)), Drift("aws_x.y", "deleted by hand")]
    infra_tables.drift(shop, found, 2, as_json=False)
    shown = capsys.readouterr().out
    assert "2 resources are not as described" in shown
    assert "cidr: a is now b" in shown
    infra_tables.drift(shop, [], 0, as_json=False)
    assert "everything is as described" in capsys.readouterr().out


def test_outputs_are_shown_leaf_by_leaf_and_a_sensitive_one_by_its_name(capsys):
    balancer = {"value": {"dns": "x.example.com", "zones": ["a", "b"]}}
    given = {"lb": balancer, "key": {"value": "4711", "sensitive": True}}
    infra_tables.outputs(given, as_json=False)
    shown = capsys.readouterr().out
    assert "lb.dns" in shown
    assert "a, b" in shown
    assert "4711" not in shown


def event(kind, action="create", **hook):
    """Give an event of Terraform about one resource."""
    return {"type": kind, "hook": {"resource": {"addr": "a.b"}, "action": action, **hook}}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (event("apply_start"), "… adding a.b"),
        (event("apply_progress", "delete", elapsed_seconds=20), "… still destroying a.b (20 s)"),
        (event("apply_complete", "update", elapsed_seconds=2), "✓ changed a.b (2 s)"),
        (event("apply_errored"), "✗ a.b failed"),
        ({"type": "diagnostic", "@level": "error", "diagnostic": {"summary": "no such zone"}}, "✗ no such zone"),
        (event("refresh_start"), ""),
    ],
)
def test_each_event_is_one_line_or_none(told, said):
    assert line(told) == said
