"""Where a system is on AWS: the names and addresses that Terraform has written into its state."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput
from handrail.infra.ask import answers
from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.ecs.clients import Clients
    from handrail.model.aws import Aws


@dataclass(frozen=True)
class Place:
    """One environment's cluster, load balancer, table and role; services and target groups by service and slot."""

    prefix: str
    cluster: str
    services: Mapping[str, str]
    target_groups: Mapping[str, str]
    listener: str
    # Of each service that has paths of its own; the one that answers the rest is the listener's default.
    rules: Mapping[str, str]
    address: str
    table: str
    role: str
    log_groups: Mapping[str, str]
    secrets: Mapping[str, str]
    # Of the databases and the cache, by what they are.
    datastores: Mapping[str, str]
    # The database and its replica, by name; the first is what Terraform takes for the database.
    identifiers: tuple[str, ...] = ()
    # The zone of the VPC's own DNS, and the name in it that leads to the database; empty where there is none.
    record: tuple[str, str] = ("", "")

    @property
    def balancer(self) -> dict[str, str]:
        """Name the load balancer as CloudWatch does."""
        return {"LoadBalancer": self.listener.partition(":listener/")[2].rpartition("/")[0]}

    def service(self, name: str, slot: Slot) -> str:
        """Name a service's ECS service in a slot."""
        return self.services[f"{name}-{slot}"]

    def group(self, name: str, slot: Slot) -> str:
        """Give the ARN of a service's target group in a slot."""
        return self.target_groups[f"{name}-{slot}"]

    def slot_of(self, group: str) -> Slot | None:
        """Tell whose slot a target group is."""
        key = next((key for key, arn in self.target_groups.items() if arn == group), "")
        return Slot(key.rpartition("-")[2]) if key else None


def place_of(aws: Aws, prefix: str, key: str, clients: Clients) -> Place:
    """Read the outputs in Terraform's state: one question, and no Terraform is needed for it.

    Raises BadInput where nothing was applied yet, or by roots that have no such output.
    """
    where = f"s3://{aws.state.bucket}/{key}"
    with answers(f"to show {where}", next_step="fab infra.plan, and apply it; or the rights to read the state"):
        body = clients.state.get_object(Bucket=aws.state.bucket, Key=key)["Body"].read()
    found: dict[str, Any] = json.loads(body).get("outputs", {}).get("system", {}).get("value") or {}
    try:
        return _read(found, prefix)
    except (KeyError, TypeError) as lacking:
        raise BadInput(
            f"{where} has no output system.{lacking.args[0]}; nothing was touched",
            next_step="fab infra.plan with the roots of this release, and apply it",
        ) from None


def _read(found: Mapping[str, Any], prefix: str) -> Place:
    balancer, database = found["load_balancer"], found.get("database") or {}
    address = database.get("address") or ""
    # An address of RDS begins with its name.
    names = database.get("identifiers") or ([address.partition(".")[0]] if address else [])
    record = database.get("record") or {}
    return Place(
        prefix=prefix, cluster=found["cluster"], services=found["services"],
        target_groups=balancer["target_groups"], listener=balancer["listener_arn"], rules=balancer["rule_arns"],
        address=balancer["dns_name"], table=found["deploys"]["table"], role=found["deploys"]["role_arn"],
        log_groups=found["log_groups"], secrets=found["secret_arns"],
        datastores={
            "postgresql": address,
            "redis": found.get("cache_address") or "",
        },
        identifiers=tuple(sorted(names, key=lambda name: name != database.get("main"))),
        record=(record.get("zone_id", ""), record.get("name", "")),
    )  # fmt: skip
