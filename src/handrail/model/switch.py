"""A failover of the database: whether it may begin, what would be lost, and what is left of one that was cut off."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.errors import BadInput, Refused
from handrail.model import duration
from handrail.model.databases import AVAILABLE, FRESH_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.model.databases import Databases, Instance, Lag, Promotion
    from handrail.model.slot import Slot

# The step from which on there is no way back.
POINT = "Promote the replica: no way back from here"
# What is accepted where nobody can tell how much is lost.
UNKNOWN = "unknown"
# For reading the refusal, thinking and typing.
ROOM_SECONDS = 300
STATUS = "aws rds describe-db-instances --db-instance-identifier {name} --query DBInstances[0].DBInstanceStatus"


@dataclass(frozen=True)
class Switch:
    """From one database to another.

    `lost` says that the old one does not answer, and `loss` what that costs; `asked` that an earlier run has asked RDS
    already; `served` that the live slot was told of the new one by then; `again` that there was an earlier run at all.
    """

    old: str
    new: str
    address: str = ""
    lost: bool = False
    loss: str = ""
    asked: bool = False
    served: bool = False
    again: bool = False
    held: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """What the operator should know before."""
        if self.asked:
            return f"an earlier run has asked RDS to promote {self.new} already: this one does the rest"
        held = "traffic is held, and the services are stopped, until the new database serves: some minutes"
        back = f"what comes before `{POINT}` goes back by itself; from there on there is no way back to {self.old}"
        return f"{held}; {back}{f'. LOST: {self.loss}' if self.loss else ''}"


def checked_loss(text: str) -> str:
    """Read how much may be lost: a time, or that nobody knows."""
    if text and text != UNKNOWN:
        try:
            duration.parse(text)
        except ValueError as wrong:
            raise BadInput(f"lag accepted: {wrong}, or {UNKNOWN}", next_step="--lag-accepted 90s") from None
    return text


def switch(databases: Databases, promotion: Promotion | None, live: Slot, *, held: bool, accepted: str) -> Switch:
    """Plan a failover.

    Raises BadInput where there is nothing to promote, and Refused where a rule or the state of things is against it.
    """
    if promotion is not None and promotion.asked and not _refused(databases, promotion):
        return _rest(databases, promotion, live)
    new = databases.copy
    if new is None:
        raise BadInput(
            f"{databases.now or 'the database'} has no replica that could be promoted; nothing was touched",
            next_step="aws.database.replica: true in the YAML, fab infra.plan, and apply it",
        )
    old = new.source
    lost, loss = _state(databases, new, accepted, again=promotion is not None)
    if new.status != AVAILABLE:
        raise Refused(
            f"the replica {new.identifier} is {new.status}, and not {AVAILABLE}; nothing was touched",
            next_step=f"{STATUS.format(name=new.identifier)}; wait until it is {AVAILABLE}",
        )
    return Switch(
        old, new.identifier, databases.address, lost=lost, loss=loss, again=promotion is not None,
        held=promotion.held if promotion else held, counts=promotion.counts if promotion else {},
    )  # fmt: skip


def _refused(databases: Databases, promotion: Promotion) -> bool:
    """Whether RDS has not begun: the run died between its note and RDS, or before it could tell of a refusal."""
    new = databases.instances.get(promotion.new)
    return new is not None and new.waits and databases.now != promotion.new


def _rest(databases: Databases, promotion: Promotion, live: Slot) -> Switch:
    """Plan what a run left that had asked RDS already."""
    if promotion.new not in databases.instances:
        raise BadInput(
            f"RDS has no {promotion.new}, which an earlier run was about to promote; nothing was touched",
            next_step="aws rds describe-db-instances; restore a snapshot by that name, then again",
        )
    return Switch(
        promotion.old, promotion.new, promotion.address, asked=True, again=True, held=promotion.held,
        served=databases.slots.get(live) == promotion.new == databases.now, counts=promotion.counts,
    )  # fmt: skip


def _state(databases: Databases, new: Instance, accepted: str, *, again: bool) -> tuple[bool, str]:
    """Tell whether the old database is lost, and what with it; Refused where that was not accepted.

    Where a run has stopped everything that writes, the lag grows without meaning anything; the step that waits for the
    replica knows better.
    """
    old, lag = databases.current, databases.lag
    if old is not None and old.answers and old.identifier == new.source:
        if not again:
            _near(databases, new, lag)
        if accepted:
            raise BadInput(
                f"{old.identifier} is {old.status}: nothing needs to be lost; nothing was touched",
                next_step="leave --lag-accepted out; if it does not answer all the same: "
                f"aws rds stop-db-instance --db-instance-identifier {old.identifier}, then again",
            )
        return False, ""
    status = old.status if old is not None and old is not new else "in another region" if old is new else "gone"
    loss, accept = _loss(lag)
    if not _covers(accepted, lag):
        raise Refused(
            f"the old database {new.source} is {status}, so that nobody can wait for the replica: {loss}; "
            "nothing was touched",
            next_step=f"bring it back; or, if it is lost: fab database.promote --lag-accepted {accept}",
        )
    return True, loss


def _near(databases: Databases, new: Instance, lag: Lag | None) -> None:
    """See that a replica can catch up in short time; raises Refused otherwise."""
    allowed = databases.allowed_seconds
    if lag is None or lag.age > FRESH_SECONDS:
        raise Refused(
            f"CloudWatch has no ReplicaLag of {new.identifier} of the last {FRESH_SECONDS // 60} minutes: whether it "
            "follows cannot be told; nothing was touched",
            next_step=f"look at its replication: {STATUS.format(name=new.identifier)}",
        )
    if lag.seconds > allowed:
        raise Refused(
            f"the replica {new.identifier} is {lag.seconds:.0f} s behind; aws.database.promote.lag allows "
            f"{allowed:.0f} s; nothing was touched",
            next_step="wait until it has caught up: fab status shows it",
        )


def _loss(lag: Lag | None) -> tuple[str, str]:
    """Say what is lost, and what to accept: the moment stays, but the lag of a replica that gets nothing grows."""
    if lag is None:
        return "how much is lost cannot be told, for CloudWatch has no ReplicaLag", UNKNOWN
    until, at = (datetime.fromtimestamp(moment, UTC) for moment in (lag.until, lag.at))
    words = f"what was written after {until:%H:%M:%S} UTC ({lag.seconds:.0f} s, as measured at {at:%H:%M:%S})"
    return f"{words} is lost", f"{math.ceil((lag.seconds + ROOM_SECONDS) / 60)}m"


def _covers(accepted: str, lag: Lag | None) -> bool:
    if lag is None or not accepted or accepted == UNKNOWN:
        return lag is None and accepted == UNKNOWN
    return duration.parse(accepted).total_seconds() >= lag.seconds
