"""What ECS gives the tasks of a service by their definition, and what Secrets Manager says of secrets beside values."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from handrail.ecs.ends import TASKS_AT_ONCE
from handrail.ecs.reply import heard
from handrail.hosts.script import Reply
from handrail.model.cloud_variable import Given, Kept
from handrail.model.secret import SecretReference
from handrail.model.variable import Needed, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from handrail.ecs.clients import Clients
    from handrail.ecs.cluster import Cluster
    from handrail.ecs.place import Place
    from handrail.model.service import Service
    from handrail.model.slot import Slot

CURRENT = "AWSCURRENT"


Described = dict[str, "Mapping[str, str | SecretReference]"]
"""The variables of each service as its next task would be given them."""


def described(cluster: Cluster, services: Iterable[Service], slot: Slot, version: str) -> Described:
    """Tell what the next task of each service would be given."""
    return {each.name: cluster.told.variables(each, slot, version) for each in services}


def needed(variables: Described, secrets: Mapping[str, Kept]) -> Iterator[Needed]:
    """Tell of each variable whether it can be had."""
    for service, mine in variables.items():
        for name, value in mine.items():
            if isinstance(value, SecretReference):
                there = secrets[value.secret]
                yield Needed(service, name, f"secret {value.secret}", there.state, there.reason)
            else:
                here, reason = (State.OK, "") if value else (State.EMPTY, "its text comes out empty")
                yield Needed(service, name, "text", here, reason)


def all_kept(cluster: Cluster, variables: Described) -> dict[str, Kept]:
    """Ask for every secret that is needed; one that AWS tells nothing of cannot be had."""
    values = [value for mine in variables.values() for value in mine.values()]
    names = dict.fromkeys(value.secret for value in values if isinstance(value, SecretReference))
    found = {name: heard(partial(kept, cluster.clients, cluster.place, name)) for name in names}
    return {
        name: Kept(cluster.place.secrets.get(name, ""), State.MISSING, told.words) if isinstance(told, Reply) else told
        for name, told in found.items()
    }


def given(clients: Clients, service: str, definition: str, since: datetime | None) -> Given:
    """Read the variables of a task definition."""
    told = clients.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    mine: dict[str, Any] = next((each for each in told["containerDefinitions"] if each["name"] == service), {})
    return Given(
        {each["name"]: each["value"] for each in mine.get("environment", [])},
        {each["name"]: each["valueFrom"] for each in mine.get("secrets", [])},
        since,
    )


def oldest(clients: Clients, place: Place) -> dict[str, datetime]:
    """Tell since when the oldest task of each service runs, by SERVICE-SLOT."""
    pages = clients.ecs.get_paginator("list_tasks").paginate(cluster=place.cluster, desiredStatus="RUNNING")
    arns = [arn for page in pages for arn in page["taskArns"]]
    keys = {f"service:{name}": key for key, name in place.services.items()}
    found: dict[str, datetime] = {}
    for first in range(0, len(arns), TASKS_AT_ONCE):
        some = arns[first : first + TASKS_AT_ONCE]
        for task in clients.ecs.describe_tasks(cluster=place.cluster, tasks=some)["tasks"]:
            key, at = keys.get(task.get("group", "")), task.get("startedAt")
            if key and at:
                found[key] = min(at, found.get(key, at))
    return found


def kept(clients: Clients, place: Place, name: str) -> Kept:
    """Ask whether a secret is there and has a value, and when it was changed; the value itself is never asked for."""
    if name not in place.secrets:
        return Kept("", State.MISSING, f"AWS keeps no secret {name}: add {name}: 1 to aws.secrets, plan and apply")
    arn = place.secrets[name]
    try:
        told: dict[str, Any] = clients.secrets.describe_secret(SecretId=arn)
    except clients.secrets.exceptions.ResourceNotFoundException:
        return Kept(arn, State.MISSING, f"Secrets Manager has no secret {name}: fab infra.drift")
    if told.get("DeletedDate"):
        return Kept(arn, State.MISSING, f"the secret {name} is to be deleted: aws secretsmanager restore-secret")
    if not any(CURRENT in stages for stages in told.get("VersionIdsToStages", {}).values()):
        return Kept(
            arn, State.EMPTY, f"the secret {name} has no value: raise its number in aws.secrets, plan and apply"
        )
    return Kept(arn, changed=told.get("LastChangedDate"))
