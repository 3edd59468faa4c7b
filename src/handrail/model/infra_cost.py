"""What AWS bills for one system in one environment: this month so far and the month before, by service."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Period:
    """The month before and this one, in the words of Cost Explorer: its end is the day after the last one."""

    start: date
    end: date

    @classmethod
    def until(cls, today: date) -> Period:
        """Begin with the first day of last month, and take today in."""
        before = today.replace(day=1) - timedelta(days=1)
        return cls(before.replace(day=1), today + timedelta(days=1))

    @property
    def months(self) -> tuple[str, str]:
        """Name both months, such as 2026-10 and 2026-11."""
        return f"{self.start:%Y-%m}", f"{self.end - timedelta(days=1):%Y-%m}"


@dataclass(frozen=True)
class Bill:
    """What each service of AWS cost in each of two months, in `currency`."""

    months: tuple[str, str]
    currency: str = ""
    amounts: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def of(self, service: str, month: str) -> Decimal:
        """Give what a service cost in a month."""
        return self.amounts.get(service, {}).get(month, Decimal(0)).quantize(CENT)

    def total(self, month: str) -> Decimal:
        """Give what all services cost in a month."""
        amounts = (found.get(month, Decimal(0)) for found in self.amounts.values())
        return sum(amounts, Decimal(0)).quantize(CENT)

    @property
    def services(self) -> tuple[str, ...]:
        """Name the services that cost a cent or more, the dearest first."""
        worth = {name: sum(found.values(), Decimal(0)) for name, found in self.amounts.items()}
        return tuple(sorted((name for name in worth if worth[name] >= CENT), key=lambda name: (-worth[name], name)))

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return {
            "currency": self.currency,
            "months": {
                month: {
                    "total": float(self.total(month)),
                    "services": {name: float(self.of(name, month)) for name in self.services},
                }
                for month in self.months
            },
        }


def question(system: str, environment: str, period: Period) -> dict[str, Any]:
    """Ask Cost Explorer for what carries the tags that Terraform gives to everything."""
    tags = {"system": system, "environment": environment}
    return {
        "TimePeriod": {"Start": str(period.start), "End": str(period.end)},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "Filter": {"And": [{"Tags": {"Key": key, "Values": [value]}} for key, value in tags.items()]},
        "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}],
    }


def bill(answers: Iterable[Mapping[str, Any]], period: Period) -> Bill:
    """Read the pages of its answer."""
    amounts: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    currency = ""
    for answer in answers:
        for each in answer["ResultsByTime"]:
            month = str(each["TimePeriod"]["Start"])[:7]
            for group in each.get("Groups", ()):
                cost = group["Metrics"]["UnblendedCost"]
                amounts[str(group["Keys"][0])][month] += Decimal(str(cost["Amount"]))
                currency = str(cost["Unit"])
    return Bill(period.months, currency, amounts)
