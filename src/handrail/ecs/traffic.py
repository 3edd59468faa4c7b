"""What the load balancer counted while a slot was watched: requests, errors and p95, by CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from handrail.ecs.metrics import Query, read

if TYPE_CHECKING:
    from handrail.ecs.place import Place
    from handrail.model.slot import Slot

NAMESPACE = "AWS/ApplicationELB"
# What is asked of each target group, with its statistic.
ASKED = (("RequestCount", "Sum"), ("HTTPCode_Target_5XX_Count", "Sum"), ("TargetResponseTime", "p95"))


@dataclass(frozen=True)
class Numbers:
    """What one slot answered, of all services together; p95 in seconds, None where nobody asked."""

    requests: int
    errors: int
    p95: float | None


def numbers(metrics: Any, place: Place, slot: Slot, *, since: float, until: float) -> Numbers:
    """Ask for all services at once; moments are seconds since 1970."""
    services = sorted({key.rpartition("-")[0] for key in place.services})
    queries = {
        (metric, name): Query(NAMESPACE, metric, of_group(place, name, slot), statistic)
        for name in services for metric, statistic in ASKED
    }  # fmt: skip
    found: dict[str, list[float]] = {metric: [] for metric, _ in ASKED}
    for (metric, _), points in read(metrics, queries, since=since, until=until).items():
        found[metric] += [point.value for point in points]
    requests, errors, times = found.values()
    return Numbers(round(sum(requests)), round(sum(errors)), max(times, default=None))


def of_group(place: Place, service: str, slot: Slot) -> dict[str, str]:
    """Name a target group as CloudWatch does."""
    return place.balancer | {"TargetGroup": place.group(service, slot).rpartition(":")[2]}
