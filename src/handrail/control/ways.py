"""Hosts are asked by SSH, AWS by its API: where the ways of `fab status`, `check`, `watch` and `config` part."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from handrail.control.health import secrets_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handrail.control.connections import Connections
    from handrail.control.poll import Poll
    from handrail.control.variables import Variables
    from handrail.hosts.inventory import Loaded
    from handrail.model.environment import Environment
    from handrail.model.level import Findings
    from handrail.model.service import Service


def status(environment: Environment, connections: Connections) -> dict[str, Any]:
    """Look at everything that is there; on AWS the datastores are asked for, too, which hosts tell by themselves."""
    from handrail.control.look import look  # noqa: PLC0415  # each way imports what it needs
    from handrail.control.status import status  # noqa: PLC0415

    seen = look(environment, connections)
    told = status(seen)
    if seen.cluster is not None:
        from handrail.control.cloud_databases import datastores  # noqa: PLC0415  # boto3 only where AWS is used

        told["datastores"] = datastores(seen.cluster)
    return told


def check(loaded: Loaded, connections: Connections, names: Sequence[str]) -> Findings:
    """Look at everything that is on a list of checks."""
    environment, secrets = loaded.environment, secrets_of(loaded)
    if environment.on_ecs:
        from handrail.control import cloud_check  # noqa: PLC0415  # boto3 only where AWS is used

        return cloud_check.check(environment, names=names, secrets=secrets)
    from handrail.control.check import check  # noqa: PLC0415  # and nothing of hosts where it is
    from handrail.control.look import look  # noqa: PLC0415

    return check(look(environment, connections), connections, names=names, secrets=secrets, base=loaded.base)


def poll(loaded: Loaded, connections: Connections) -> Callable[[float], Poll]:
    """Give what looks once more, told how many seconds the watch has lasted."""
    environment, secrets = loaded.environment, secrets_of(loaded)
    if environment.on_ecs:
        from handrail.control import cloud_watch  # noqa: PLC0415  # likewise

        return cloud_watch.eyes(environment, secrets).look
    from handrail.control.watch import poll  # noqa: PLC0415
    from handrail.model.restarts import Restarts  # noqa: PLC0415

    seen = partial(poll, environment, connections, secrets=secrets, restarts=Restarts())
    return lambda passed: seen(since_begin=passed)


def variables(loaded: Loaded, connections: Connections, services: tuple[Service, ...]) -> Variables:
    """Find the variables that these services need."""
    if loaded.environment.on_ecs:
        from handrail.control import cloud_variables  # noqa: PLC0415  # likewise

        return cloud_variables.variables(loaded.environment, services)
    from handrail.control.look import look  # noqa: PLC0415
    from handrail.control.variables import variables  # noqa: PLC0415

    return variables(look(loaded.environment, connections), connections, services=services, base=loaded.base)
