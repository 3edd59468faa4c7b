"""What `fab watch` asks of AWS where a system is on ECS, at each look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from handrail.control.check import shown
from handrail.control.cloud_check import ask_numbers
from handrail.control.cloud_health import (
    ask_stores,
    edge,
    host,
    judged,
    of_services,
    of_stores,
    with_ends,
)
from handrail.control.look import look_at
from handrail.control.poll import Poll
from handrail.ecs.ends import ended
from handrail.ecs.join import cluster_of
from handrail.ecs.reply import heard
from handrail.ecs.stores import Stores
from handrail.errors import HandrailError
from handrail.hosts.script import Reply
from handrail.model.cloud_vitals import Nothing
from handrail.model.level import Finding, Level
from handrail.model.moves import Moves
from handrail.model.roles import roles_of
from handrail.model.vitals import Failure, Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.control.cloud_health import Row
    from handrail.control.look import Look
    from handrail.ecs.cluster import Cluster
    from handrail.model.environment import Environment
    from handrail.model.vitals import Vital
    from handrail.secrets import Secret

# CloudWatch counts by the minute, and tells it a minute or two later.
TRAFFIC = timedelta(minutes=3)
MINUTE = timedelta(minutes=1)


@dataclass
class Eyes:
    """What a watch keeps from one look to the next: nothing from before it began counts."""

    environment: Environment
    secrets: Mapping[str, Secret]
    cluster: Cluster
    began: datetime
    moves: Moves
    ended: frozenset[str] | None = None

    def look(self, _: float) -> Poll:
        """Look once. An AWS that does not answer is an ALERT; the next look may find it again."""
        now = datetime.now(UTC)
        try:
            return self._look(now)
        except HandrailError as error:
            where = roles_of(self.environment).edges[0]
            return Poll(now, (Finding(Level.ALERT, "AWS", where, error.message),), {})

    def _look(self, now: datetime) -> Poll:
        look = look_at(self.cluster, roles_of(self.environment))
        where, traffic = host(look), self._traffic(look, now)
        rows: list[Row] = [*of_stores(look, ask_stores(look, self.cluster)), *self._services(look, now)]
        rows.append(("traffic", where, traffic))
        found = [replace(each, text=shown(each.text, self.secrets)) for each in judged(look, rows)]
        state = look.states[where]
        held = state.lease is not None and state.lease.seconds_left > 0
        level, words = self.moves.judged(state.gate, run=state.fence, under_way=held)
        found += [Finding(level, "weights", where, words), edge(look, self.cluster)]
        return Poll(now, tuple(found), {where: traffic} if isinstance(traffic, Traffic) else {})

    def _services(self, look: Look, now: datetime) -> list[Row]:
        """Tell how the tasks of each service are, and which ended since the watch began."""
        ends = heard(partial(ended, self.cluster.clients, self.cluster.place))
        if isinstance(ends, Reply):
            unknown = Failure(f"which tasks ended is not known: {ends.words}")
            return [("tasks", host(look), unknown), *of_services(look, self.cluster)]
        if self.ended is None:
            self.ended = frozenset(end.arn for end in ends)
        news = [end for end in ends if end.arn not in self.ended]
        return with_ends(look, self.cluster, news, now)

    def _traffic(self, look: Look, now: datetime) -> Vital:
        """Ask what the load balancer counted in the last minutes, but for the minute in which the watch began."""
        since = max(self.began.replace(second=0, microsecond=0) + MINUTE, now - TRAFFIC)
        if since >= now:
            return Nothing(f"CloudWatch counts by the minute: from {since:%H:%M} UTC on")
        span = since.timestamp(), now.timestamp()
        told = ask_numbers(look, self.cluster, Stores(), {"traffic"}, span=span)
        return Failure(told.words) if isinstance(told, Reply) else told[0].vital


def eyes(environment: Environment, secrets: Mapping[str, Secret]) -> Eyes:
    """Open them. Raises BadInput for credentials of another account, HostUnreachable where AWS does not answer."""
    cluster = cluster_of(environment)
    where = look_at(cluster, roles_of(environment))
    first = where.states[host(where)]
    return Eyes(environment, secrets, cluster, datetime.now(UTC), Moves(first.gate.slot, first.fence))
