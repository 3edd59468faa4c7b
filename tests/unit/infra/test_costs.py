"""What AWS bills: what Cost Explorer is asked, and how its answer is read and shown."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from moto import mock_aws
from moto.ce.models import ce_backends

from handrail.control import infra_tables
from handrail.infra.costs import costs
from handrail.model.environment import Environment
from handrail.model.infra_cost import Bill, Period, bill
from tests.unit.infra.test_description import described

MONTHS = ("2026-10", "2026-11")


def answer(**services):
    """Give a page of an answer: for each service its amounts of October and November."""
    pages = []
    for index, month in enumerate(MONTHS):
        groups = [
            {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": amounts[index], "Unit": "USD"}}}
            for name, amounts in services.items()
        ]
        pages.append({"TimePeriod": {"Start": f"{month}-01", "End": ""}, "Groups": groups})
    return {"ResultsByTime": pages}


@pytest.fixture
def shop():
    return Environment("prod", described(), {})


@pytest.mark.parametrize(
    ("today", "start", "end", "months"),
    [
        (date(2026, 11, 24), date(2026, 10, 1), date(2026, 11, 25), MONTHS),
        (date(2026, 1, 1), date(2025, 12, 1), date(2026, 1, 2), ("2025-12", "2026-01")),
        (date(2026, 11, 30), date(2026, 10, 1), date(2026, 12, 1), MONTHS),
    ],
)
def test_last_month_is_whole_and_today_is_in(today, start, end, months):
    period = Period.until(today)
    assert (period.start, period.end, period.months) == (start, end, months)


def test_pages_are_added_up_and_the_dearest_comes_first():
    pages = [answer(RDS=("90.10", "70"), KMS=("1.004", "1")), answer(RDS=("0.90", "0"), Tax=("0.001", "0"))]
    found = bill(pages, Period.until(date(2026, 11, 24)))
    assert (found.services, found.currency) == (("RDS", "KMS"), "USD")
    assert found.of("RDS", "2026-10") == Decimal("91.00")
    assert [str(found.total(month)) for month in MONTHS] == ["92.00", "71.00"]


def test_cost_explorer_is_asked_for_the_tags_of_this_environment(keys, shop):
    with mock_aws():
        backend = ce_backends["123456789012"]["aws"]
        backend.cost_usage_results_queue.append(answer(RDS=("90", "70.5")))
        found = costs(shop, today=date(2026, 11, 24))
        (asked,) = map(json.loads, backend.cost_usage_results)
    assert found.of("RDS", "2026-11") == Decimal("70.50")
    assert asked["TimePeriod"] == {"Start": "2026-10-01", "End": "2026-11-25"}
    assert [each["Tags"] for each in asked["Filter"]["And"]] == [
        {"Key": "system", "Values": ["sanvi"]},
        {"Key": "environment", "Values": ["prod"]},
    ]


def test_people_and_machines_are_shown_the_same(shop, capsys):
    found = bill([answer(RDS=("1234.5", "70"))], Period.until(date(2026, 11, 24)))
    infra_tables.costs(shop, found, as_json=False)
    assert "1,234.50" in capsys.readouterr().out
    infra_tables.costs(shop, found, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert said["months"]["2026-10"] == {"total": 1234.5, "services": {"RDS": 1234.5}}


def test_nothing_under_the_tags_says_why(shop, capsys):
    infra_tables.costs(shop, Bill(MONTHS), as_json=False)
    assert "nothing under the tags system=sanvi and environment=prod" in capsys.readouterr().out
