"""RDS: what instances there are and how far a replica is behind; take a snapshot, promote, wait for both."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, TypeVar

from handrail.ecs.metrics import PERIOD_SECONDS, Query, read
from handrail.errors import HostUnreachable
from handrail.infra.ask import BUSY, answers
from handrail.model.databases import AVAILABLE, Instance, Lag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")
# Soon at first, for what takes a moment; then seldom enough for what takes an hour.
LOOKS_SECONDS = (0.5, 1.0, 2.0, 5.0)
# Of a replica whose database is gone there may be nothing newer.
LAG_SECONDS = 3600
# A snapshot of ours has this tag, with the prefix of the environment.
TAG = "handrail:snapshot"


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of handrail's own."""

    name: str
    status: str
    begun: float


@dataclass(frozen=True)
class Instances:
    """The databases of one region; `sleep` and `clock` are the machine's, but in tests."""

    client: Any
    metrics: Any
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def read(self, names: Iterable[str]) -> list[Instance]:
        """Ask for all of them at once; who is not there is left out."""
        return [_instance(each) for each in described(self.client, names)]

    def one(self, name: str) -> Instance | None:
        """Ask for one."""
        return next(iter(self.read([name])), None)

    def lag(self, name: str, *, now: float, since: float = 0.0) -> Lag | None:
        """Give the newest lag that CloudWatch has of a replica; none at all, or -1 for no replication, is no lag.

        Each measurement counts from the begin of its minute: it was made then at the earliest.
        """
        query = {name: Query("AWS/RDS", "ReplicaLag", {"DBInstanceIdentifier": name}, "Maximum")}
        told = read(self.metrics, query, since=since or now - LAG_SECONDS, until=now + PERIOD_SECONDS)
        newest = max((point for point in told[name] if point.value >= 0), default=None)
        return Lag(newest.value, newest.at, now - newest.at) if newest else None

    def snapshots(self, name: str, mine: str) -> list[Snapshot]:
        """List the snapshots of an instance that are ours, the oldest first."""
        asked = {"DBInstanceIdentifier": name, "SnapshotType": "manual"}
        pages = self.client.get_paginator("describe_db_snapshots").paginate(**asked)
        found = [each for page in pages for each in page["DBSnapshots"] if _tags(each).get(TAG) == mine]
        read = [Snapshot(each["DBSnapshotIdentifier"], each["Status"], _begun(each)) for each in found]
        return sorted(read, key=lambda each: (each.begun, each.name))

    def snapshot(self, name: str, snapshot: str, tags: Mapping[str, str]) -> None:
        """Have a snapshot taken; the instance goes on meanwhile."""
        self.client.create_db_snapshot(
            DBInstanceIdentifier=name, DBSnapshotIdentifier=snapshot,
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )  # fmt: skip

    def taken(self, snapshot: str, *, seconds: float) -> str:
        """Wait until a snapshot is there; gives what is wrong with it, nothing where it is right."""

        def look() -> str:
            (seen,) = self.client.describe_db_snapshots(DBSnapshotIdentifier=snapshot)["DBSnapshots"]
            return str(seen["Status"])

        status = self.wait(look, lambda seen: seen in {AVAILABLE, "failed"}, seconds=seconds)
        return "" if status == AVAILABLE else f"the snapshot {snapshot} is {status}, of {seconds:.0f} s that it has"

    def forget(self, snapshot: str) -> bool:
        """Delete a snapshot; tells whether AWS let us."""
        try:
            self.client.delete_db_snapshot(DBSnapshotIdentifier=snapshot)
        except self.client.exceptions.ClientError:
            return False
        return True

    def promote(self, name: str, *, days: int, window: str) -> str:
        """Ask RDS to make a database of its own of a replica, with backups; gives why it does not, if so.

        A refusal counts only where the replica is as it was: what RDS does already it refuses to begin.
        """
        try:
            self.client.promote_read_replica(
                DBInstanceIdentifier=name, BackupRetentionPeriod=days, PreferredBackupWindow=window
            )
        except self.client.exceptions.ClientError as error:
            there = self.one(name)
            if BUSY.search(error.response["Error"]["Code"]) or there is None or not there.waits:
                raise
            return f"RDS refuses to promote {name}: {error.response['Error']['Code']}"
        return ""

    def keep(self, name: str, days: int) -> None:
        """Have backups kept."""
        self.client.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=days, ApplyImmediately=True)

    def until(self, name: str, good: Callable[[Instance], bool], *, seconds: float) -> Instance | None:
        """Wait until an instance is as it should be; gives it as it is after that time."""
        return self.wait(lambda: self.one(name), good, seconds=seconds)

    def wait(self, look: Callable[[], T | None], good: Callable[[T], bool], *, seconds: float) -> T | None:
        """Look until it is good, or until the time is over; AWS may be too busy now and then."""
        began, seen = self.clock(), None
        for pause in chain(LOOKS_SECONDS, repeat(LOOKS_SECONDS[-1])):
            with suppress(HostUnreachable), answers("to be looked at", next_step="the rights of these credentials"):
                seen = look()
            left = seconds - (self.clock() - began)
            if (seen is not None and good(seen)) or left <= 0:
                break
            self.sleep(min(pause, left))
        return seen


def described(client: Any, names: Iterable[str]) -> list[dict[str, Any]]:
    """Ask RDS for instances by their names, all at once; who is not there is left out."""
    wanted = [*names]
    if not wanted:
        return []
    asked = [{"Name": "db-instance-id", "Values": wanted}]
    pages = client.get_paginator("describe_db_instances").paginate(Filters=asked)
    return [each for page in pages for each in page["DBInstances"]]


def _instance(told: Mapping[str, Any]) -> Instance:
    return Instance(
        told["DBInstanceIdentifier"], told["DBInstanceStatus"], (told.get("Endpoint") or {}).get("Address") or "",
        told.get("ReadReplicaSourceDBInstanceIdentifier") or "", told.get("BackupRetentionPeriod") or 0,
    )  # fmt: skip


def _tags(told: Mapping[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in told.get("TagList", [])}


def _begun(told: Mapping[str, Any]) -> float:
    """Tell when a snapshot was begun; one that is being begun has no time yet, and is the newest."""
    at = told.get("SnapshotCreateTime")
    return at.timestamp() if at else float("inf")
