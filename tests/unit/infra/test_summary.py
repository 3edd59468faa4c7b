"""What a plan would do, and what has drifted, in words; read from what a real Terraform wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handrail.model.infra_change import Action, ResourceChange, summary
from handrail.model.infra_drift import drift

PLANS = Path(__file__).parent / "plans"


def shown(name):
    return json.loads((PLANS / f"{name}.json").read_text())


def plan(kind="aws_vpc", *, actions=("create",), before=None, after=None, **more):
    change = {"actions": list(actions), "before": before, "after": after} | more.pop("change", {})
    return {"resource_changes": [{"address": f"{kind}.this", "type": kind, "mode": "managed", "change": change} | more]}


def only(*args, **kwargs):
    (change,) = summary(plan(*args, **kwargs)).changes
    return change


@pytest.mark.parametrize(
    ("actions", "action"),
    [
        (["create"], Action.ADD), (["update"], Action.CHANGE), (["delete"], Action.DESTROY),
        (["delete", "create"], Action.REPLACE), (["create", "delete"], Action.REPLACE), (["forget"], Action.FORGET),
    ],
)  # fmt: skip
def test_each_action_has_its_word(actions, action):
    assert only(actions=actions).action is action


@pytest.mark.parametrize("actions", [["no-op"], ["read"]])
def test_what_stays_as_it_is_is_not_told(actions):
    assert summary(plan(actions=actions)).counts == "nothing to do"


@pytest.mark.parametrize(
    "kind", ["aws_db_instance", "aws_s3_bucket", "aws_kms_key", "aws_elasticache_replication_group"]
)
@pytest.mark.parametrize("actions", [["delete"], ["delete", "create"], ["create", "delete"]])
def test_what_keeps_data_loses_it_when_it_is_destroyed_or_replaced(kind, actions):
    assert only(kind, actions=actions, before={}, after={}).loses
    assert not only(kind, actions=["update"], before={"a": 1}, after={"a": 2}).loses


def test_a_database_with_a_last_snapshot_says_so_and_a_replica_loses_nothing():
    kept = only("aws_db_instance", actions=["delete"], before={"skip_final_snapshot": False})
    assert kept.loses == "a database, of which a last snapshot stays"
    assert not only("aws_db_instance", actions=["delete"], before={"replicate_source_db": "shop-db"}).loses


@pytest.mark.parametrize(
    ("kind", "before"),
    [
        ("aws_db_instance", {"deletion_protection": True}),
        ("aws_lb", {"enable_deletion_protection": True}),
        ("aws_dynamodb_table", {"deletion_protection_enabled": True}),
    ],
)
def test_what_aws_would_refuse_to_delete_is_known_before(kind, before):
    for actions in (["delete"], ["delete", "create"]):
        assert summary(plan(kind, actions=actions, before=before)).protected == (f"{kind}.this",)
    assert summary(plan(kind, actions=["update"], before=before, after=before | {"a": 1})).protected == ()
    assert summary(plan(kind, actions=["delete"], before=dict.fromkeys(before, False))).protected == ()


def test_a_replacement_says_why():
    change = only(
        "aws_db_instance", actions=["delete", "create"], before={}, after={},
        action_reason="replace_because_cannot_update", change={"replace_paths": [["storage_encrypted"]]},
    )  # fmt: skip
    assert change.why == "because of storage_encrypted; AWS cannot change it in place"


def test_the_worst_comes_first_and_each_is_one_line():
    listed = [plan(f"aws_{n}", actions=actions)["resource_changes"][0] for n, actions in enumerate(
        (["create"], ["update"], ["delete"], ["delete", "create"]))]  # fmt: skip
    found = summary({"resource_changes": listed})
    assert [change.action for change in found.changes] == ["destroy", "replace", "change", "add"]
    assert found.counts == "1 to add, 1 to change, 1 to replace, 1 to destroy"
    line = ResourceChange(Action.DESTROY, "aws_kms_key.this", "it is no longer described", "a key").line
    assert line == "destroy aws_kms_key.this: it is no longer described; LOSES a key"


def test_an_address_that_a_terminal_would_obey_is_shown_as_text():
    resource = plan()["resource_changes"][0] | {"address": 'aws_vpc.this["\x1b[31m"]'}
    assert summary({"resource_changes": [resource]}).changes[0].address.isprintable()


def hand(kind, before, after, *, called="this", **more):
    change = {"actions": ["update"], "before": before, "after": after} | more
    found = drift({"resource_drift": [{"address": f"{kind}.{called}", "type": kind, "name": called, "change": change}]})
    return [line for each in found for line in each.details]


def test_a_change_by_hand_shows_both_values():
    assert hand("aws_vpc", {"cidr": "a", "id": "1"}, {"cidr": "b", "id": "1"}) == ["cidr: a is now b"]


@pytest.mark.parametrize(
    ("kind", "name", "more"),
    [
        ("aws_secretsmanager_secret_version", "secret_string", {}),
        ("aws_db_instance", "password", {}),
        ("aws_instance", "user_data", {"before_sensitive": {"user_data": True}}),
        ("aws_instance", "env", {"after_sensitive": {"env": {"DB": True}}}),
        ("aws_instance", "env", {"after_sensitive": True}),
    ],
)
def test_what_may_be_secret_is_never_shown(kind, name, more):
    (line,) = hand(kind, {name: "planted-1"}, {name: "planted-2"}, **more)
    assert line == f"{name} is another: ********"


def test_a_yes_or_no_is_no_secret_whatever_its_name():
    assert hand("aws_kms_key", {"enable_key_rotation": True}, {"enable_key_rotation": False}) == [
        "enable_key_rotation: true is now false"
    ]


def test_of_what_has_parts_the_part_that_differs_is_shown():
    lifecycle = [{"id": "data", "expiration": [{"days": 30}]}, {"id": "other", "expiration": [{"days": 9}]}]
    shorter = [lifecycle[1], {"id": "data", "expiration": [{"days": 1}]}]
    assert hand("aws_s3_bucket_lifecycle_configuration", {"rule": lifecycle}, {"rule": shorter}) == [
        "rule.expiration.days: 30 is now 1"
    ]
    hidden = hand("aws_x", {"rule": [{"token": "planted-1"}]}, {"rule": [{"token": "planted-2"}]})
    assert hidden == ["rule.token is another: ********"]
    more = hand("aws_x", {"rule": [{"a": "x" * 99}]}, {"rule": [{"a": "x" * 99}, {"a": "y" * 99}]})
    assert more == ["rule: 110 letters is now 220 letters"]


def test_a_document_is_told_by_its_length():
    (line,) = hand("aws_s3_bucket_policy", {"policy": "a" * 500}, {"policy": "b" * 400})
    assert line == "policy: 500 letters is now 400 letters"


def test_what_the_deploy_changes_is_no_drift():
    assert hand("aws_ecs_service", {"desired_count": 2}, {"desired_count": 4}) == []
    assert hand("aws_lb_listener", {"default_action": [1]}, {"default_action": [2]}) == []
    # A certificate is the deploy's where it was brought, and Terraform's where Amazon has issued it.
    one, other = {"certificate_arn": "one"}, {"certificate_arn": "other"}
    assert hand("aws_lb_listener", one, other, called="brought") == []
    assert hand("aws_lb_listener", one, other, called="https") == ["certificate_arn: one is now other"]
    assert hand("aws_ecs_service", {"desired_count": 2, "name": "a"}, {"desired_count": 4, "name": "b"}) == [
        "name: a is now b"
    ]


def test_a_real_plan_is_told():
    found = summary(shown("changed"))
    assert [change.line for change in found.changes] == json.loads((PLANS / "changed.lines.json").read_text())


def test_real_drift_is_told():
    found = [[each.address, each.how, list(each.details)] for each in drift(shown("drifted"))]
    assert found == json.loads((PLANS / "drifted.lines.json").read_text())
