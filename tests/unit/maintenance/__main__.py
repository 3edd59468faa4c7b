"""`python -m tests.unit.maintenance`: print what the last run of the kill matrix measured."""

from __future__ import annotations

import json
import sys

from rich.console import Console
from rich.table import Table

from tests.unit.maintenance.test_kill_matrix import TABLE


def main() -> int:
    """Exit 1 when nothing was measured, or a step had its effect not exactly once."""
    files = sorted(TABLE.glob("*.json"))
    # The workers are forked with Python started and DBOS imported; `python -m bench.maintenance` measures that, too.
    table = Table("killed", "step", "resumed after s", "effects", caption="from a worker that is forked, not started")
    good = bool(files)
    for file in files:
        for row in json.loads(file.read_text()):
            good = good and row["effects"] == 1
            table.add_row(file.stem, row["step"], str(row["resumed_seconds"]), str(row["effects"]))
    Console(highlight=False).print(table)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
