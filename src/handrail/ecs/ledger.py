"""What hosts keep on their disks and ECS has no place for: the lease with its token, slots, good releases, records.

One table of DynamoDB for each environment; each change of it is conditional on the token, in the same request. Moments
are AWS's own, as its answers tell them: the clocks of two operators may differ.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from handrail.model.databases import Promotion
from handrail.model.fleet import Outcome
from handrail.model.host_state import LeaseState
from handrail.model.slot import Slot

if TYPE_CHECKING:
    from collections.abc import Mapping

# Records that are kept; the journal on the operator's side has them all.
RECORDS = 100
MINE = "fence = :token"


@dataclass(frozen=True)
class Kept:
    """What the table holds, and the moment of that."""

    now: float
    fence: int = 0
    lease: LeaseState | None = None
    releases: Mapping[Slot, str] | None = None
    tasks: Mapping[Slot, Mapping[str, str]] | None = None
    good: tuple[str, ...] = ()
    digests: Mapping[str, str] | None = None
    # Tasks of each service that the last run left, for one that comes back after a shutdown.
    counts: Mapping[str, int] = field(default_factory=dict)
    records: tuple[str, ...] = ()
    # The database that services are told of since a failover, with its address; before, it is the one of Terraform.
    database: str = ""
    address: str = ""
    # Of each slot: what its task definitions name.
    databases: Mapping[Slot, str] = field(default_factory=dict)
    promotion: Promotion | None = None


@dataclass(frozen=True)
class Ledger:
    """The one item of an environment in its table."""

    client: Any
    table: str

    @property
    def _key(self) -> dict[str, Any]:
        return {"id": {"S": "ledger"}}

    def read(self) -> Kept:
        """Read all of it, as it is now and not a moment ago."""
        reply = self.client.get_item(TableName=self.table, Key=self._key, ConsistentRead=True)
        return _kept(reply.get("Item", {}), _moment(reply))

    def take(self, run: str, holder: str, *, seconds: int, least: int = 0) -> tuple[Outcome, Kept]:
        """Take the lease with a token above every one before, unless another run has it."""
        seen = self.read()
        held = seen.lease
        if held is not None and held.seconds_left > 0 and held.run_id != run:
            return Outcome.HELD, seen
        token = max(seen.fence + 1, least)
        values = {
            ":token": _number(token), ":seen": _number(seen.fence), ":until": _number(seen.now + seconds),
            ":run": {"S": run}, ":holder": {"S": holder},
        }  # fmt: skip
        there = "fence = :seen" if seen.fence else "attribute_not_exists(fence) AND :seen = :seen"
        change = "SET fence = :token, lease_until = :until, lease_run = :run, lease_holder = :holder"
        if not self._change(change, values, there):
            return Outcome.HELD, self.read()
        return Outcome.OK, self.read()

    def renew(self, token: int, *, seconds: int) -> bool:
        """Keep the lease; tells whether it was still ours."""
        until = self.read().now + seconds
        return self._change("SET lease_until = :until", {":token": _number(token), ":until": _number(until)}, MINE)

    def mine(self, token: int) -> bool:
        """Tell whether nobody has taken the lease over."""
        return self.read().fence == token

    def put(self, token: int, slot: Slot, release: str, digest: str, tasks: Mapping[str, str]) -> bool:
        """Note what a slot is to run: its release, and the task definition of each service."""
        held = json.dumps(
            {"release": release, "digest": digest, "tasks": dict(tasks), "database": self.read().database}
        )
        return self._change(f"SET slot_{slot} = :held", {":token": _number(token), ":held": {"S": held}}, MINE)

    def promotes(self, token: int, promotion: Promotion) -> bool:
        """Note a failover that has begun, and how far it is."""
        held = {"S": json.dumps(asdict(promotion))}
        return self._change("SET promotion = :held", {":token": _number(token), ":held": held}, MINE)

    def repoint(self, token: int, database: str, address: str) -> bool:
        """Note which database services are told of from now on."""
        held = {"S": json.dumps({"database": database, "address": address})}
        return self._change("SET told = :held", {":token": _number(token), ":held": held}, MINE)

    def finish(
        self, token: int, record: str, *, good: tuple[str, ...], counts: Mapping[str, int], promoted: bool = True
    ) -> bool:
        """Add a record, keep good releases and numbers of tasks, give the lease back; the token stays as a fence.

        A failover that is half done stays noted, until one has `promoted`.
        """
        records = [*self.read().records, record][-RECORDS:]
        values = {
            ":token": _number(token), ":good": {"S": json.dumps(good)}, ":records": {"S": json.dumps(records)},
            ":counts": {"S": json.dumps(dict(counts))},
        }  # fmt: skip
        kept = "SET good_releases = :good, run_records = :records, task_counts = :counts"
        gone = "lease_until, lease_run, lease_holder" + (", promotion" if promoted else "")
        return self._change(f"{kept} REMOVE {gone}", values, MINE)

    def _change(self, change: str, values: Mapping[str, Any], condition: str) -> bool:
        try:
            self.client.update_item(
                TableName=self.table, Key=self._key, UpdateExpression=change, ConditionExpression=condition,
                ExpressionAttributeValues=dict(values),
            )  # fmt: skip
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _kept(item: Mapping[str, Any], now: float) -> Kept:
    def text(name: str) -> str:
        return str(item.get(name, {}).get("S", ""))

    fence, until = (float(item.get(name, {}).get("N", 0)) for name in ("fence", "lease_until"))
    told = json.loads(text("told") or "{}")
    begun = json.loads(text("promotion") or "null")
    held = {slot: json.loads(text(f"slot_{slot}")) for slot in Slot if text(f"slot_{slot}")}
    return Kept(
        now=now,
        fence=int(fence),
        lease=LeaseState(int(fence), until - now, text("lease_run"), text("lease_holder")) if until else None,
        releases={slot: each["release"] for slot, each in held.items()},
        tasks={slot: each["tasks"] for slot, each in held.items()},
        counts=json.loads(text("task_counts") or "{}"),
        good=tuple(json.loads(text("good_releases") or "[]")),
        digests={each["release"]: each["digest"] for each in held.values()},
        records=tuple(json.loads(text("run_records") or "[]")),
        database=told.get("database", ""),
        address=told.get("address", ""),
        databases={slot: each.get("database", "") for slot, each in held.items()},
        promotion=Promotion(**begun) if begun else None,
    )


def _number(value: float) -> dict[str, str]:
    return {"N": str(value)}


def _moment(reply: Mapping[str, Any]) -> float:
    """Read AWS's clock off an answer."""
    return parsedate_to_datetime(reply["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
