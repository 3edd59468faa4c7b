"""From an environment to its cluster: whose credentials these are is asked first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.ecs.clients import Clients
from handrail.ecs.cluster import Cluster
from handrail.infra.identity import identity, session_of
from handrail.model.aws_variables import aws_of

if TYPE_CHECKING:
    from handrail.model.environment import Environment


def cluster_of(environment: Environment) -> Cluster:
    """Give the cluster that an environment is on.

    Raises BadInput for credentials of another account or region, HostUnreachable where AWS does not answer.
    """
    aws = aws_of(environment)
    identity(aws)
    return Cluster(environment, Clients(session_of(aws), aws))
