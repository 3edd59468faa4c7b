"""What the AWS part of a description says about the rest of it: names that must exist, sizes that must fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.model.aws import FARGATE
from handrail.model.aws_database import MOST_DAYS
from handrail.model.branch import at
from handrail.model.finding import Finding, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator


def names(data: Any) -> Iterator[Finding]:
    """Find services, datastores and secrets that are named and not there."""
    for kind, what in (("services", "a service"), ("secrets", "an entry under secrets")):
        known = at(data, kind)
        for name in at(data, "aws", kind):
            if name not in known:
                yield unknown(("aws", kind, name), name, known, what=what)
    store, known = at(data, "aws", "database").get("datastore"), at(data, "datastores")
    fitting = [name for name in known if at(known, name).get("kind") == "postgresql"]
    if isinstance(store, str) and store not in fitting:
        yield unknown(("aws", "database", "datastore"), store, fitting, what="a datastore of the kind postgresql")


def secrets(data: Any) -> Iterator[Finding]:
    """Find secrets that services need, and that AWS would not have."""
    kept = at(data, "aws", "secrets")
    if not at(data, "aws"):
        return
    for name in at(data, "services"):
        for variable, value in at(data, "services", name, "environment").items():
            wanted = value.get("secret") if isinstance(value, dict) else None
            if isinstance(wanted, str) and wanted not in kept:
                allowed = f"{wanted}: 1, which services.{name}.environment.{variable} needs"
                yield Finding(("aws", "secrets"), allowed, f"no {wanted}")


def password(data: Any) -> Iterator[Finding]:
    """Find a database whose owner has no password, or one that AWS would not have."""
    store = at(data, "aws", "database").get("datastore")
    if not isinstance(store, str) or at(data, "datastores", store).get("kind") != "postgresql":
        return
    wanted = at(data, "datastores", store, "password").get("secret")
    if not isinstance(wanted, str):
        allowed = "a datastore with a password, as {secret: NAME}: RDS has no database without one"
        yield Finding(("aws", "database", "datastore"), allowed)
    elif wanted not in at(data, "aws", "secrets"):
        yield Finding(("aws", "secrets"), f"{wanted}: 1, which datastores.{store}.password needs", f"no {wanted}")


def failover(data: Any) -> Iterator[Finding]:
    """Find a secret to be rewritten that AWS would not have, and a failover of what is no pair."""
    database, kept = at(data, "aws", "database"), at(data, "aws", "secrets")
    wanted = database.get("address_in")
    if isinstance(wanted, str) and wanted not in kept:
        yield unknown(("aws", "database", "address_in"), wanted, kept, what="an entry under aws.secrets")
    if isinstance(database.get("replica_of"), str) and database.get("main", "db") != "db":
        yield Finding(("aws", "database", "main"), "db, beside replica_of: the copy of another region is that one")


def sizes(data: Any) -> Iterator[Finding]:
    """Find a memory that does not go with its CPU, a least above the most, and backups kept longer than AWS does."""
    for name in at(data, "aws", "services"):
        tasks, path = at(data, "aws", "services", name), ("aws", "services", name)
        cpu, memory = tasks.get("cpu", 512), tasks.get("memory", 1024)
        if cpu in FARGATE and isinstance(memory, int) and memory not in FARGATE[cpu]:
            fitting = FARGATE[cpu]
            step = f" in steps of {fitting[-1] - fitting[-2]}" if cpu > 256 else " or 1024"
            allowed = f"{fitting[0]} to {fitting[-1]}{step}: what Fargate has with cpu {cpu}"
            yield Finding((*path, "memory"), allowed)
        least, most = tasks.get("min", 2), tasks.get("max", 10)
        if isinstance(least, int) and isinstance(most, int) and 1 <= most < least:
            yield Finding((*path, "min"), f"at most max, which is {most}")
    for part in ("database", "cache"):
        keep = at(data, "aws", part).get("keep")
        if _days(keep) > MOST_DAYS:
            yield Finding(("aws", part, "keep"), f"at most {MOST_DAYS}d")
    database = at(data, "aws", "database")
    storage, most = database.get("storage", 50), database.get("max_storage", 200)
    if isinstance(storage, int) and isinstance(most, int) and most < storage:
        yield Finding(("aws", "database", "max_storage"), f"at least storage, which is {storage}")


def kept(data: Any) -> Iterator[Finding]:
    """Find backups that would go to Glacier after they are deleted, or be deleted while they are locked."""
    store = at(data, "aws", "backup_store")
    lock = _days(store.get("lock", "7d"))
    for name in at(store, "classes"):
        kind, path = at(store, "classes", name), ("aws", "backup_store", "classes", name)
        keep, glacier = _days(kind.get("keep")), _days(kind.get("glacier"))
        if keep and glacier >= keep:
            yield Finding((*path, "glacier"), f"less than keep, which is {keep}d")
        if keep and lock > keep:
            yield Finding((*path, "keep"), f"at least backup_store.lock, which is {lock}d")


def _days(written: object) -> int:
    digits = written.removesuffix("d") if isinstance(written, str) else ""
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 0


CHECKS = (names, secrets, password, failover, sizes, kept)
