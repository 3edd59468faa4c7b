"""Numbers of CloudWatch: any number of metrics in one question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

K = TypeVar("K", bound="Hashable")

# CloudWatch keeps most numbers by the minute.
PERIOD_SECONDS = 60
# GetMetricData takes no more metrics in one request.
METRICS_AT_ONCE = 500


@dataclass(frozen=True)
class Query:
    """One metric of one thing; `statistic` is Average, Sum, Minimum, Maximum, or a percentile such as p95."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str = "Average"
    period_seconds: int = PERIOD_SECONDS


class Point(NamedTuple):
    """One number and the moment at which its period begins, in seconds since 1970."""

    at: float
    value: float


def read(client: Any, queries: Mapping[K, Query], *, since: float, until: float) -> dict[K, list[Point]]:
    """Give the points of each metric, the oldest first; none where CloudWatch has none. Moments are seconds since 1970.

    One request for up to 500 metrics, and one more for each further page of points.
    """
    names, found = list(queries), {name: list[Point]() for name in queries}
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (since, until))
    asking = client.get_paginator("get_metric_data")
    for first in range(0, len(names), METRICS_AT_ONCE):
        some = names[first : first + METRICS_AT_ONCE]
        # An id may hold a letter, digits and nothing of what a name may.
        asked = [_asked(f"m{number}", queries[name]) for number, name in enumerate(some)]
        for page in asking.paginate(MetricDataQueries=asked, StartTime=begin, EndTime=end, ScanBy="TimestampAscending"):
            for each in page["MetricDataResults"]:
                points = zip(each["Timestamps"], each["Values"], strict=True)
                found[some[int(each["Id"][1:])]] += [Point(at.timestamp(), float(value)) for at, value in points]
    return {name: sorted(points) for name, points in found.items()}


def _asked(identity: str, query: Query) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in query.dimensions.items()]
    metric = {"Namespace": query.namespace, "MetricName": query.metric, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": query.period_seconds, "Stat": query.statistic}
    return {"Id": identity, "MetricStat": stat, "ReturnData": True}
