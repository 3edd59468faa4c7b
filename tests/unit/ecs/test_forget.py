"""What deploys leave of task definitions once all else is destroyed."""

from __future__ import annotations

from botocore.exceptions import ClientError
from moto import mock_aws

from handrail.ecs.definitions import forget
from handrail.model.slot import Slot
from tests.unit.ecs import aws


@mock_aws
def test_after_a_destroy_no_definition_of_a_deploy_is_left(keys):
    aws.build()
    ecs, families = aws.client("ecs"), [f"shop-aws-api-{slot}" for slot in Slot]
    assert forget(ecs, families)
    left = ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    assert {arn.rpartition("/")[2].partition(":")[0] for arn in left} == {"shop-aws-web-blue", "shop-aws-web-green"}
    assert not forget(Refusing(ecs), ["shop-aws-web-blue"])


class Refusing:
    """An ECS that is too busy to deregister anything."""

    def __init__(self, ecs):
        self.get_paginator = ecs.get_paginator

    def deregister_task_definition(self, **_):
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "DeregisterTaskDefinition")
