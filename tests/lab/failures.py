"""When requests failed, from the samples of a load."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.load import Report


def failed_at(report: Report) -> list[float]:
    """Give the wall-clock time at which each failed request was known to have failed."""
    samples = report.samples
    columns = zip(samples.starts, samples.durations, samples.failed, strict=True)
    return [samples.began_wall + start + duration for start, duration, failed in columns if failed]


def asked_between(report: Report, begin: float, end: float) -> int:
    """Count the requests that began between two wall-clock times."""
    began = report.samples.began_wall
    return sum(begin <= began + start <= end for start in report.samples.starts)


def began(event: dict[str, Any]) -> float:
    """Give the wall-clock time at which a step began."""
    return ended(event) - float(event["seconds"])


def ended(event: dict[str, Any]) -> float:
    """Give the wall-clock time at which a step came out."""
    return datetime.fromisoformat(event["at"]).timestamp()
