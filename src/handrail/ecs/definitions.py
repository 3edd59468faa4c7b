"""Task definitions: what a release is on ECS. Each is made of the one before, with its own image and variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput
from handrail.infra.ask import answers
from handrail.model.secret import SecretReference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from handrail.ecs.clients import Clients
    from handrail.ecs.place import Place
    from handrail.model.service import Service
    from handrail.model.slot import Slot

# What ECS itself adds to a definition, and does not take.
OWN = frozenset({
    "taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy",
    "deregisteredAt",
})  # fmt: skip
ECR = re.compile(r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/(?P<name>[^:@]+)(?::(?P<tag>[^@]+))?")
TAG = "handrail:release"


@dataclass(frozen=True)
class Definitions:
    """The task definitions of one environment."""

    clients: Clients
    place: Place

    def image(self, service: Service, version: str) -> str:
        """Name the image of a release by its digest, so that nobody can put another one under its tag.

        Raises BadInput where the registry has no such image.
        """
        reference = service.image.reference(version) if service.image else ""
        match = ECR.fullmatch(reference)
        if match is None or match["tag"] is None:
            return reference
        asked = {"repositoryName": match["name"], "imageIds": [{"imageTag": match["tag"]}]}
        with answers(f"the image {reference}", next_step="see that CI has pushed it: aws ecr describe-images"):
            (found,) = self.clients.images.describe_images(**asked)["imageDetails"]
        return f"{reference.rpartition(':')[0]}@{found['imageDigest']}"

    def register(
        self, service: Service, slot: Slot, release: str, image: str, variables: Mapping[str, str | SecretReference]
    ) -> str:
        """Register what a slot is to run of a service, and give its ARN."""
        family = self.place.service(service.name, slot)
        before = self.clients.ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        mine = next(each for each in before["containerDefinitions"] if each["name"] == service.name)
        others = [each for each in before["containerDefinitions"] if each is not mine]
        made = mine | {
            "image": image,
            "environment": [{"name": name, "value": v} for name, v in variables.items() if isinstance(v, str)],
            "secrets": [
                {"name": name, "valueFrom": self._secret(v.secret)}
                for name, v in variables.items() if isinstance(v, SecretReference)
            ],
            "dockerLabels": {TAG: release},
        } | ({"command": list(service.command)} if service.command else {})  # fmt: skip
        kept = {key: value for key, value in before.items() if key not in OWN}
        reply = self.clients.ecs.register_task_definition(
            **kept | {"family": family, "containerDefinitions": [made, *others]}, tags=[{"key": TAG, "value": release}]
        )
        return str(reply["taskDefinition"]["taskDefinitionArn"])

    def variables(self, service: str, definition: str) -> dict[str, str]:
        """Read the variables of a definition that are no secrets."""
        there = self.clients.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        mine = next(each for each in there["containerDefinitions"] if each["name"] == service)
        return {each["name"]: each["value"] for each in mine.get("environment", [])}

    def _secret(self, name: str) -> str:
        if name not in self.place.secrets:
            raise BadInput(
                f"AWS keeps no secret {name} for this system; nothing was touched",
                next_step=f"add {name}: 1 to aws.secrets, plan and apply",
            )
        return self.place.secrets[name]


def forget(ecs: Any, families: Iterable[str]) -> bool:
    """Deregister what deploys have registered, of which Terraform knows nothing; tells whether nothing is left."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # imported when AWS is used

    try:
        for family in families:
            pages = ecs.get_paginator("list_task_definitions").paginate(familyPrefix=family, status="ACTIVE")
            for arn in [arn for page in pages for arn in page["taskDefinitionArns"]]:
                ecs.deregister_task_definition(taskDefinition=arn)
    except (BotoCoreError, ClientError):
        return False
    return True
