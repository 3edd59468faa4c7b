"""How often, how fast and how well a system is deployed, from the records of its runs.

The first four are DORA's (https://dora.dev/guides/dora-metrics/, as of 2026-01-05), as far as a journal can tell:

- *deployment frequency*: "the number of deployments over a given period": deploys that are done, for each week.
- *lead time*: DORA's change lead time begins at the commit. A journal knows no commits: here it begins when the change
  was requested, and ends when its deploy is done. A deploy without a change has none.
- *change failure rate*: the share of bad deploys, and
- *recovery time*: how long until service was restored; `deploy_failure` says what counts. One that went back by itself
  is there, too: from its first step that failed to its end. `recovery_by_hand` leaves those out.
- *rollback time*: how long rollbacks took that are done; rehearsals of one apart.

Nothing is made up: what no run tells is None. Of nine or fewer values `p90` is the longest.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from handrail.model.deploy_failure import failures
from handrail.model.intent import Verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from handrail.model.deploy_failure import DeployFailure
    from handrail.model.past_run import PastRun

Place = tuple[str, str]
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Spread:
    """How long something took, in seconds: `p90` is the value that nine of ten do not exceed (nearest rank)."""

    count: int
    median_seconds: float
    p90_seconds: float
    longest_seconds: float


@dataclass(frozen=True)
class Tally:
    """What happened in a span of time. `failed` deploys did not end well, `regretted` ones did and had to be mended."""

    done: int
    failed: int
    regretted: int
    recovered_by_itself: int
    not_recovered: int
    lead_time: Spread | None
    recovery_time: Spread | None
    recovery_by_hand: Spread | None
    rollback_time: Spread | None
    rehearsal_time: Spread | None

    @property
    def deployments(self) -> int:
        """How many deploys touched hosts."""
        return self.done + self.failed

    @property
    def failure_rate(self) -> float | None:
        """The share of deploys that were bad; None without a deploy."""
        return (self.failed + self.regretted) / self.deployments if self.deployments else None

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return asdict(self) | {"deployments": self.deployments, "failure_rate": self.failure_rate}


@dataclass(frozen=True)
class Metrics:
    """The metrics of a system in an environment, over all and for each week (Monday to Sunday, UTC)."""

    system: str
    environment: str
    since: datetime
    until: datetime
    tally: Tally
    weeks: tuple[tuple[date, Tally], ...]

    @property
    def per_week(self) -> float:
        """Deploys a week that are done; the first days of a system count as a whole week."""
        return self.tally.done / max((self.until - self.since) / WEEK, 1.0)

    def json(self) -> dict[str, Any]:
        """Give them for machines."""
        span = {"since": self.since.isoformat(), "until": self.until.isoformat()}
        weeks = [{"week": monday.isoformat(), **tally.json()} for monday, tally in self.weeks]
        own = {"system": self.system, "environment": self.environment, **span, "deploys_per_week": self.per_week}
        return own | self.tally.json() | {"weeks": weeks}


def measure(
    runs: Iterable[PastRun],
    *,
    requested: Mapping[str, datetime],
    since: datetime,
    until: datetime,
    begins: Mapping[Place, datetime] | None = None,
) -> tuple[Metrics, ...]:
    """Measure each system in each environment that has runs; their order does not matter.

    `requested` says when each change was requested. `begins` says since when a system is in the journal: before that
    there was nothing to count, so that its weeks begin there.
    """
    places: defaultdict[Place, list[PastRun]] = defaultdict(list)
    for run in runs:
        if since <= run.ended <= until:
            places[run.place].append(run)
    return tuple(
        _measured(
            place, sorted(found, key=lambda run: run.order()), requested,
            max(since, (begins or {}).get(place, since)), until,
        )
        for place, found in sorted(places.items())
    )  # fmt: skip


def _measured(
    place: Place, runs: Sequence[PastRun], requested: Mapping[str, datetime], since: datetime, until: datetime
) -> Metrics:
    bad = failures(runs)
    # A run may have ended before what is said to be the begin: then that is wrong, and the run is right.
    since = min(since, runs[0].ended)
    weeks = []
    by_week: defaultdict[date, tuple[list[PastRun], list[DeployFailure]]] = defaultdict(lambda: ([], []))
    for run in runs:
        by_week[monday(run.ended)][0].append(run)
    for failure in bad:
        by_week[monday(failure.deploy.ended)][1].append(failure)
    first, last = monday(since), monday(until)
    for number in range((last - first).days // 7 + 1):
        week = first + number * WEEK
        weeks.append((week, _tally(*by_week[week], requested)))
    return Metrics(*place, since, until, _tally(runs, bad, requested), tuple(weeks))


def _tally(runs: Sequence[PastRun], bad: Sequence[DeployFailure], requested: Mapping[str, datetime]) -> Tally:
    deploys = [run for run in runs if run.is_deploy]
    outcomes = Counter(run.done for run in deploys)
    leads = [run.ended - requested[run.change] for run in deploys if run.done and run.change in requested]
    recovered = [failure for failure in bad if failure.recovery is not None]
    return Tally(
        done=outcomes[True],
        failed=outcomes[False],
        regretted=sum(failure.deploy.done for failure in bad),
        recovered_by_itself=sum(failure.by_itself for failure in bad),
        not_recovered=len(bad) - len(recovered),
        # A request that is dated after the deploy is no lead time.
        lead_time=spread(lead for lead in leads if lead >= timedelta()),
        recovery_time=spread(failure.recovery for failure in recovered),
        recovery_by_hand=spread(failure.recovery for failure in recovered if not failure.by_itself),
        rollback_time=spread(run.lasted for run in runs if run.verb == Verb.ROLLBACK.value and run.done),
        rehearsal_time=spread(run.lasted for run in runs if run.verb == Verb.REHEARSE.value and run.done),
    )


def spread(times: Iterable[timedelta | None]) -> Spread | None:
    """Say how times spread; None of none."""
    seconds = sorted(time.total_seconds() for time in times if time is not None)
    if not seconds:
        return None
    return Spread(len(seconds), median(seconds), seconds[math.ceil(0.9 * len(seconds)) - 1], seconds[-1])


def monday(at: datetime) -> date:
    """Give the Monday of the week, in UTC."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())
