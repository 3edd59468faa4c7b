"""Runtimes by name, and which keys of the description are whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Runtime = Literal["systemd", "pm2", "docker", "compose", "ecs"]
"""What runs a service: something on a host, or AWS, where the cluster stands for the host."""

Host = Literal["systemd", "compose"]
"""What runs a datastore or the edge on a host."""

Keeper = Literal["systemd", "compose", "aws"]
"""What runs a datastore: something on a host, or RDS and ElastiCache, which no verb starts or stops."""

Front = Literal["systemd", "compose", "alb"]
"""What the edge is: nginx on a host, or AWS's load balancer."""


@dataclass(frozen=True)
class Keys:
    """Keys that a runtime must have, and keys that it may have; every other one of these belongs to another runtime."""

    needed: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()


SERVICE: Mapping[str, Keys] = {
    "systemd": Keys(frozenset({"user", "command"}), frozenset({"directory"})),
    "pm2": Keys(frozenset({"user", "command"}), frozenset({"directory"})),
    "docker": Keys(frozenset({"image"}), frozenset({"command", "container_port"})),
    "compose": Keys(frozenset(), frozenset({"file", "container_port"})),
    "ecs": Keys(frozenset({"image"}), frozenset({"command", "container_port"})),
}
DATASTORE: Mapping[str, Keys] = {
    "systemd": Keys(frozenset({"unit"})),
    "compose": Keys(frozenset({"file"})),
    "aws": Keys(),
}
EDGE: Mapping[str, Keys] = {
    "systemd": Keys(),
    "compose": Keys(frozenset({"file"})),
    "alb": Keys(),
}
