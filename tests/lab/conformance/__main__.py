"""`python -m tests.lab.conformance`: print what the last run of the suite measured of each runtime."""

from __future__ import annotations

import json
import sys

from rich.console import Console
from rich.table import Table

from tests.lab.conformance.cloud import CANNOT, SUBJECTS
from tests.lab.conformance.conftest import TABLE


def main() -> int:
    """Exit 1 when a runtime is missing or dropped a request."""
    table = Table("runtime", "system", "requests", "failed", "deploy s", "rollback s")
    good = True
    for subject in SUBJECTS:
        file = TABLE / f"{subject.runtime}.json"
        row = json.loads(file.read_text()) if file.exists() else {}
        good = good and row.get("failed") == 0
        cells = [row.get(key, "-") for key in ("requests", "failed", "deploy_seconds", "rollback_seconds")]
        table.add_row(subject.runtime, subject.system, *map(str, cells))
    console = Console(highlight=False)
    console.print(table)
    console.print("Not tried on ECS, where nothing runs in the tests:")
    for test, reason in CANNOT.items():
        console.print(f"  {test.removeprefix('test_').replace('_', ' ')}: {reason}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
