"""What the load balancer counted while a slot was watched: requests, errors and p95, by CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handrail.ecs.place import Place
    from handrail.model.slot import Slot

NAMESPACE = "AWS/ApplicationELB"
# The balancer sends its numbers once a minute.
PERIOD_SECONDS = 60


@dataclass(frozen=True)
class Numbers:
    """What one slot answered, of all services together; p95 in seconds, None where nobody asked."""

    requests: int
    errors: int
    p95: float | None


def numbers(metrics: Any, place: Place, slot: Slot, *, since: float, until: float) -> Numbers:
    """Ask for all services at once; moments are seconds since 1970."""
    services = sorted({key.rpartition("-")[0] for key in place.services})
    balancer = place.listener.partition(":listener/")[2].rpartition("/")[0]
    queries = [
        _query(f"{kind}{number}", metric, statistic, balancer, place.group(service, slot))
        for number, service in enumerate(services)
        for kind, metric, statistic in (
            ("r", "RequestCount", "Sum"), ("e", "HTTPCode_Target_5XX_Count", "Sum"), ("t", "TargetResponseTime", "p95"),
        )
    ]  # fmt: skip
    found: dict[str, list[float]] = {}
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (since, until))
    pages = metrics.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, StartTime=begin, EndTime=end)
    for page in pages:
        for each in page["MetricDataResults"]:
            found.setdefault(each["Id"][0], []).extend(each["Values"])
    return Numbers(
        round(sum(found.get("r", []))), round(sum(found.get("e", []))), max(found["t"]) if found.get("t") else None
    )


def _query(identity: str, metric: str, statistic: str, balancer: str, group: str) -> dict[str, Any]:
    dimensions = [
        {"Name": "LoadBalancer", "Value": balancer},
        {"Name": "TargetGroup", "Value": group.rpartition(":")[2]},
    ]
    stat = {
        "Metric": {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions},
        "Period": PERIOD_SECONDS, "Stat": statistic,
    }  # fmt: skip
    return {"Id": identity, "MetricStat": stat, "ReturnData": True}
