"""What `fab logs` and `fab history` ask of AWS where a system is on ECS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from handrail.control.logs import ALL, EDGE, Entry, check_since
from handrail.ecs import logs
from handrail.ecs.join import cluster_of
from handrail.errors import BadInput
from handrail.infra.ask import answers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from handrail.model.environment import Environment

NOT_OURS = (
    "the load balancer's log is in its bucket, the database's in CloudWatch: "
    "aws logs tail /aws/rds/instance/NAME/postgresql"
)


def history(environment: Environment, *, lines: int) -> list[dict[str, Any]]:
    """List the runs that the table holds, the newest last."""
    cluster = cluster_of(environment)
    with answers("to read the table of runs", next_step="the right dynamodb:Query; aws sts get-caller-identity"):
        kept = cluster.ledger.read()
    runs = [json.loads(record) for record in kept.records]
    return [{"verb": run.pop("record"), **run} for run in runs][-lines:]


def read_logs(  # noqa: PLR0913  # as many words as `fab logs` takes
    environment: Environment, name: str, *, since: str, grep: str, lines: int, follow: bool
) -> Iterator[Entry] | list[Entry]:
    """Give the lines of a service, or of all, in the order of time."""
    services = environment.system.services
    if name not in {*services, ALL}:
        known = ", ".join((*services, ALL))
        elsewhere = name == EDGE or name in environment.system.datastores
        raise BadInput(
            f"there is no service {name!r} on ECS; there are {known}",
            next_step=NOT_OURS if elsewhere else "name one of those",
        )
    check_since(since)
    cluster, asked = cluster_of(environment), tuple(sorted(services)) if name == ALL else (name,)
    if follow:
        return map(_entry, logs.follow(cluster, asked, pattern=grep, lines=lines))
    return [_entry(line) for line in logs.search(cluster, asked, since=since, pattern=grep, lines=lines)]


def _entry(line: logs.Line) -> Entry:
    return Entry(line.at, line.stream, line.text, line.service)
