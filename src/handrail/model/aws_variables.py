"""What Terraform is told of a system: its variable `system`, made of the description and of nothing else.

The same description gives the same variables; their digest says whether a plan was made of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput
from handrail.model.aws import Aws, Lasting, Tasks
from handrail.model.disk import age
from handrail.model.secret import SecretReference

if TYPE_CHECKING:
    from datetime import timedelta

    from handrail.model.environment import Environment
    from handrail.model.system import System

# Prefixes of one length could stand in any order; a longer one has to be asked first.
PRIORITY = 1000
# What a new task has until its health counts, beside its own deadline: an image is fetched first.
GRACE_SECONDS = 30


def aws_of(environment: Environment) -> Aws:
    """Give the AWS part of the description. Raises BadInput where there is none."""
    aws = environment.system.aws
    if aws is None:
        raise BadInput(
            f"{environment.system.name} on {environment.name} has no part `aws`: nothing of it is on AWS",
            next_step="add the part `aws` to the system's YAML; docs/how-to/infra.md shows one",
        )
    return aws


def variables(environment: Environment) -> dict[str, Any]:
    """Write down what Terraform needs to know; secrets are in it by name alone."""
    system, aws = environment.system, aws_of(environment)
    return {
        "system": {
            "name": system.name, "environment": environment.name, "account": aws.account, "region": aws.region,
            "owner": aws.owner, "protect": aws.protect, "log_days": aws.log_days,
            "network": {"cidr": aws.network.cidr, "nat_gateways": aws.network.nat_gateways},
            "domain": _domain(system, aws),
            "services": {name: _service(system, aws, name) for name in system.services},
            "secrets": dict(aws.secrets),
            "database": _database(system, aws), "cache": _cache(aws),
            "backup_store": _backup_store(aws), "email": list(aws.alarms.email),
            "thresholds": _thresholds(system, aws),
        }
    }  # fmt: skip


def _domain(system: System, aws: Aws) -> dict[str, Any]:
    front = system.services[system.edge.service_of("/") or next(iter(system.services))]
    return {
        "zone": aws.domain.zone, "create_zone": aws.domain.create, "names": list(system.edge.server_names),
        "role": aws.domain.role, "health_path": front.health.path, "certificates_brought": _brought(system),
    }  # fmt: skip


def _brought(system: System) -> bool:
    """Whether a deploy may bring the load balancer's certificates: then Terraform leaves them as they are."""
    tls = system.edge.tls
    return (
        system.edge.runtime == "alb"
        and tls is not None
        and any(each.source == "files" for each in tls.certificates.values())
    )


def _service(system: System, aws: Aws, name: str) -> dict[str, Any]:
    service, tasks = system.services[name], aws.services.get(name) or Tasks()
    grow = tasks.grow
    prefixes = sorted((prefix for prefix, to in system.edge.paths.items() if to == name and prefix != "/"), key=len)
    answers_the_rest = system.edge.service_of("/") == name
    secrets = {
        variable: value.secret for variable, value in service.environment.items() if isinstance(value, SecretReference)
    }
    return {
        # Each task has an address of its own, so both slots may listen on one port.
        "port": service.container_port or service.ports.blue,
        "paths": [] if answers_the_rest else [f"{prefix.rstrip('/')}/*" for prefix in prefixes],
        "priority": _priority(prefixes) + sorted(system.services).index(name),
        "health_path": service.health.path, "health_status": service.health.status,
        "drain_seconds": _seconds(system.times.drain), "cpu": tasks.cpu, "memory": tasks.memory,
        "min": tasks.min, "max": tasks.max,
        # Fargate kills after 120 s at the latest.
        "stop_seconds": min(_seconds(service.stop), 120),
        "grace_seconds": _seconds(service.health.deadline) + GRACE_SECONDS, "secrets": secrets,
        "scale_cpu": grow.cpu, "scale_cpu_for": _minutes(grow.lasts),
        "scale_p95": grow.p95.total_seconds() if grow.p95 else None,
        "scale_queue": grow.queue.over if grow.queue else None,
        "scale_queue_for": _minutes(grow.queue.lasts) if grow.queue else None,
    }  # fmt: skip


def _priority(prefixes: list[str]) -> int:
    return PRIORITY - 10 * max((len(prefix) for prefix in prefixes), default=0)


def _database(system: System, aws: Aws) -> dict[str, Any] | None:
    database = aws.database
    if database is None:
        return None
    store = system.datastores[database.datastore]
    return {
        "version": database.version, "class": database.instance, "storage_gb": database.storage,
        "max_storage_gb": database.max_storage, "multi_zone": database.multi_zone, "replica": database.replica,
        "backup_days": age(database.keep).days, "backup_window": database.backup, "maintenance": database.maintenance,
        "name": store.database, "user": store.user, "password": store.password.secret if store.password else "",
        "max_connections": database.max_connections, "replicate_from": database.replica_of or "",
        "main": database.main, "record": database.record,
    }  # fmt: skip


def _cache(aws: Aws) -> dict[str, Any] | None:
    cache = aws.cache
    if cache is None:
        return None
    return {"class": cache.node, "replicas": cache.replicas, "snapshot_days": age(cache.keep).days}


def _backup_store(aws: Aws) -> dict[str, Any]:
    store = aws.backup_store
    classes = {
        name: {"glacier_days": age(kept.glacier).days if kept.glacier else None, "keep_days": age(kept.keep).days}
        for name, kept in store.classes.items()
    }
    return {"lock_days": age(store.lock).days, "lock_mode": store.lock_mode, "classes": classes}


def _thresholds(system: System, aws: Aws) -> dict[str, Any]:
    limits, alarms = system.thresholds, aws.alarms
    numbers: dict[str, tuple[float, float]] = {
        "cpu": (limits.cpu.warn, limits.cpu.alert), "memory": (limits.memory.warn, limits.memory.alert),
        "disk": (limits.disk.warn, limits.disk.alert), "errors": (limits.errors.warn, limits.errors.alert),
        "connections": (limits.connections.warn, limits.connections.alert),
        "p95": (limits.p95.warn.total_seconds(), limits.p95.alert.total_seconds()),
    }  # fmt: skip
    lasts: dict[str, Lasting] = {name: getattr(alarms, name) for name in numbers}
    return {
        name: {
            "warn": warn, "alert": alert,
            "warn_minutes": _minutes(lasts[name].warn), "alert_minutes": _minutes(lasts[name].alert),
        }
        for name, (warn, alert) in numbers.items()
    }  # fmt: skip


def _seconds(span: timedelta) -> int:
    return max(1, round(span.total_seconds()))


def _minutes(span: timedelta) -> int:
    return max(1, round(span.total_seconds() / 60))
