"""What a system in one environment costs: asked of Cost Explorer, which AWS charges a cent for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from handrail.infra.ask import answers, client
from handrail.model.infra_cost import Bill, Period, bill, question

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from handrail.model.environment import Environment

# The bills of all regions are in this one.
REGION = "us-east-1"
NEXT = "see that Cost Explorer is on, and allow ce:GetCostAndUsage"


def costs(environment: Environment, *, today: date) -> Bill:
    """Ask for this month so far and the month before. Raises BadInput where AWS refuses."""
    import boto3  # noqa: PLC0415  # imported when AWS is used

    period = Period.until(today)
    asked = question(environment.system.name, environment.name, period)
    with answers("to tell costs", next_step=NEXT):
        return bill(_pages(client(boto3.Session(), "ce", REGION), asked), period)


def _pages(explorer: Any, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token: dict[str, str] = {}
    while True:
        answer: dict[str, Any] = explorer.get_cost_and_usage(**asked, **token)
        yield answer
        if not answer.get("NextPageToken"):
            return
        token = {"NextPageToken": answer["NextPageToken"]}
