"""The datastores of a system as AWS describes them: databases of RDS and nodes of ElastiCache, a question for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.ecs.instances import described
from handrail.model.cloud_vitals import ABSENT, Store
from handrail.model.instance_class import memory

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from handrail.ecs.clients import Clients
    from handrail.ecs.place import Place
    from handrail.model.datastore import Datastore
    from handrail.model.system import System
    from handrail.model.vitals import Vital

GIBIBYTE = 1 << 30
# The checks that have a number of each.
OF_DATABASES = frozenset({"cpu", "memory", "disk", "connections"})
OF_CACHES = frozenset({"cpu", "memory", "cache"})


@dataclass(frozen=True)
class Database:
    """One database of RDS, and the datastore of the description that it is, or is a copy of."""

    store: str
    identifier: str
    described: Store
    kind: str = ""
    size_bytes: int = 0
    most_bytes: int = 0
    keep_days: int = 0
    restorable: datetime | None = None
    copy_of: str = ""

    @property
    def there(self) -> bool:
        """Whether AWS has it."""
        return bool(self.kind)

    @property
    def memory_bytes(self) -> float:
        """Tell the memory of its instance class; 0 for a class that is not known."""
        return memory(self.kind) * GIBIBYTE


@dataclass(frozen=True)
class Cache:
    """A Redis of ElastiCache with its nodes."""

    store: str
    identifier: str
    described: Store
    nodes: tuple[str, ...] = ()

    @property
    def there(self) -> bool:
        """Whether AWS has it."""
        return bool(self.nodes)


@dataclass(frozen=True)
class Stores:
    """What was found; a datastore that AWS does not have is there, too, and says so."""

    databases: tuple[Database, ...] = ()
    caches: tuple[Cache, ...] = ()

    def vitals(self) -> Iterator[tuple[str, str, Vital]]:
        """Give each with its datastore and its name on AWS."""
        there: list[Database | Cache] = [*self.databases, *self.caches]
        for each in there:
            yield each.store, each.identifier, each.described

    def absent(self, check: str) -> Iterator[tuple[str, str, Vital]]:
        """Give those of a check's that AWS does not have: nothing of them is measured."""
        there: list[Database | Cache] = [*self.databases] if check in OF_DATABASES else []
        there += [*self.caches] if check in OF_CACHES else []
        for each in there:
            if not each.there:
                yield each.store, each.identifier, each.described


def read(clients: Clients, place: Place, system: System) -> Stores:
    """Ask for all databases at once, and for the cache."""
    mine = [store for store in system.datastores.values() if store.runtime == "aws"]
    databases = next((_databases(clients, place, each) for each in mine if each.kind == "postgresql"), ())
    caches = tuple(cache(clients, place, each) for each in mine if each.kind == "redis")
    return Stores(databases, caches)


def _databases(clients: Clients, place: Place, store: Datastore) -> tuple[Database, ...]:
    if not place.identifiers:
        return (Database(store.name, "", _absent("Terraform's state has no database")),)
    told = {each["DBInstanceIdentifier"]: each for each in described(clients.databases, place.identifiers)}
    return tuple(
        _database(store.name, name, told[name])
        if name in told
        else Database(store.name, name, _absent("RDS has no such database"))
        for name in place.identifiers
    )


def _absent(why: str) -> Store:
    return Store(ABSENT, why)


def _database(store: str, name: str, told: Mapping[str, Any]) -> Database:
    copy_of = told.get("ReadReplicaSourceDBInstanceIdentifier") or ""
    words = [told["DBInstanceClass"], f"{told['Engine']} {told['EngineVersion']}"]
    words += [f"a copy of {copy_of}"] if copy_of else []
    words += ["with a standby in another zone"] if told.get("MultiAZ") else []
    return Database(
        store, name, Store(told["DBInstanceStatus"], ", ".join(words)), kind=told["DBInstanceClass"],
        size_bytes=told["AllocatedStorage"] * GIBIBYTE, most_bytes=(told.get("MaxAllocatedStorage") or 0) * GIBIBYTE,
        keep_days=told.get("BackupRetentionPeriod") or 0, restorable=told.get("LatestRestorableTime"), copy_of=copy_of,
    )  # fmt: skip


def cache(clients: Clients, place: Place, store: Datastore) -> Cache:
    """Ask for one cache."""
    # What terraform/modules/cache names it.
    name = f"{place.prefix}-redis"
    pages = clients.caches.get_paginator("describe_replication_groups").paginate(ReplicationGroupId=name)
    try:
        (told,) = [each for page in pages for each in page["ReplicationGroups"]]
    except clients.caches.exceptions.ReplicationGroupNotFoundFault:
        return Cache(store.name, name, _absent("ElastiCache has no such group"))
    nodes = tuple(told.get("MemberClusters") or ())
    words = f"{len(nodes)} node{'s'[: len(nodes) != 1]}"
    return Cache(store.name, name, Store(told["Status"], words), nodes)


def snapshot_of(clients: Clients, name: str) -> datetime | None:
    """Tell when the newest automated snapshot of a database was taken."""
    pages = clients.databases.get_paginator("describe_db_snapshots").paginate(
        DBInstanceIdentifier=name, SnapshotType="automated"
    )
    taken: list[datetime] = [
        each["SnapshotCreateTime"]
        for page in pages for each in page["DBSnapshots"] if each["Status"] == "available"
    ]  # fmt: skip
    return max(taken, default=None)
