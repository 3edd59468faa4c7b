"""`python -m bench.journal [--records 100000]`: what the journal costs, beside the least that could do the same.

The peer of a record is one row put into a plain SQLite file and synced to the disk; that of verifying is SHA-256 of the
same bytes. All are measured in one run, on a journal in a temporary folder that has as many records as asked for.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from bench import gate, machine
from handrail.journal import chain, head, recorder
from handrail.journal.facts import facts
from handrail.journal.record import Entry
from handrail.journal.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

WRITES = 200
ASKED = 50
# Bodies of 1 to 4 KB, as runs over a few hosts have them.
STEPS = (4, 9, 13, 17)
VERBS = ("deploy", "deploy", "rollback", "restart", "rehearse")


def main() -> int:
    """Measure, show a table, and give the figures as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.journal", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, help="how many records the journal has")
    count = parser.parse_args().records
    console = Console(highlight=False)
    console.print(machine.line(machine.machine()), soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="handrail-bench-") as folder:
        os.chdir(folder)
        rows = measured(count)
        journal = {"HANDRAIL_STORE": f"sqlite:///{folder}/.handrail/journal.db"}
        rows |= gate.bench(Path(folder), journal | {"HANDRAIL_JOURNAL_KEY": f"{folder}/.handrail/journal.key"})
    table = Table("", "measured", "target", title=f"The journal with {count:,} records", title_justify="left")
    for name, (value, target) in rows.items():
        table.add_row(name, value, target)
    console.print(table)
    sys.stdout.write(json.dumps({name: value for name, (value, _) in rows.items()}) + "\n")
    return 0


def measured(count: int) -> dict[str, tuple[str, str]]:
    """Give each figure with its target."""
    store = Store("", signer=head.signer())
    fill(store, count)
    size = statistics.mean(len(record.body or "") for record in store.stream(until=1000))
    write = median(WRITES, lambda number: store.append(Entry("run", body(number))))
    plain = median(WRITES, plainly())
    rate, floor = verifying(store), hashing(store)
    asked = median(ASKED, lambda _: facts(store, system="shop3", environment="prod", verb="deploy"))
    return {
        "bytes in a body": (f"{size:,.0f}", ""),
        "write a record": (f"{write:.2f} ms", "< 5 ms"),
        "- a row in plain SQLite, synced": (f"{plain:.2f} ms", ""),
        "verify": (f"{rate:,.0f} records/s", ">= 20,000"),
        "- SHA-256 of the same bytes": (f"{floor:,.0f} records/s", ""),
        "what the gate asks, in the store": (f"{asked:.2f} ms", ""),
        **of_recorder(),
    }


def of_recorder() -> dict[str, tuple[str, str]]:
    """Measure the recorder as a run sees it: started early, asked at the gate."""
    began = time.perf_counter()
    mine = recorder.start()
    started = time.perf_counter() - began
    mine.facts("shop3", "prod", "deploy")
    ready = time.perf_counter() - began
    asked = median(ASKED, lambda _: mine.facts("shop3", "prod", "deploy"))
    began = time.perf_counter()
    mine.begin({**body(1), "run": "bench"})
    begun = time.perf_counter() - began
    event = median(ASKED, lambda _: mine.event({"step": "stage", "words": "x" * 200}))
    began = time.perf_counter()
    mine.end({**body(1), "run": "bench"})
    ended = time.perf_counter() - began
    mine.close()
    mine.process.wait()
    return {
        "start the recorder (it gets ready beside the run)": (f"{started * 1000:.1f} ms", ""),
        "- until it is ready": (f"{ready * 1000:.0f} ms", ""),
        "what the gate asks, of the recorder": (f"{asked:.2f} ms", "< 100 ms"),
        "record that a run begins": (f"{begun * 1000:.1f} ms", "< 100 ms, with the line above"),
        "hand on an event": (f"{event:.3f} ms", ""),
        "record how it ended": (f"{ended * 1000:.1f} ms", ""),
        "import of the run's side": (f"{imported():.0f} ms", ""),
    }


def body(number: int) -> dict[str, Any]:
    """Make the body of a run."""
    step = {
        "step": "stage",
        "title": "Stage the release",
        "host": "web1",
        "outcome": "ok",
        "words": "staged " + "x" * 60,
    }
    steps = [{**step, "at": "2026-11-21T10:00:00.000+00:00", "seconds": 1.5}] * STEPS[number % len(STEPS)]
    return {
        "run": f"run{number}", "system": f"shop{number % 10}", "environment": ("prod", "staging")[number // 10 % 2],
        "verb": VERBS[number % len(VERBS)], "outcome": "done", "seconds": number % 300 + 0.5, "steps": steps,
    }  # fmt: skip


def fill(store: Store, count: int) -> None:
    """Fill a journal, many records in a transaction, which is not what is measured."""
    for begin in range(0, count, 1000):
        entries = [Entry("run", body(number)) for number in range(begin, min(begin + 1000, count))]
        store.change(lambda connection, these=entries: [store.add(connection, each) for each in these])


def median(times: int, work: Callable[[int], object]) -> float:
    """Give the median of a few times, in milliseconds."""
    spans = []
    for number in range(times):
        began = time.perf_counter()
        work(number)
        spans.append(time.perf_counter() - began)
    return statistics.median(spans) * 1000


def plainly() -> Callable[[int], object]:
    """Put a row into a SQLite file, synced, with nothing around it."""
    connection = sqlite3.connect("plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE plain (number INTEGER PRIMARY KEY, body TEXT)")
    return lambda number: connection.execute("INSERT INTO plain (body) VALUES (?)", (json.dumps(body(number)),))


def verifying(store: Store) -> float:
    """Tell how many records are verified in a second."""
    began = time.perf_counter()
    report = chain.verify(store)
    if not report.ok:
        raise RuntimeError(f"the journal of the benchmark is not whole: {report.findings[:3]}")
    return report.records / (time.perf_counter() - began)


def hashing(store: Store) -> float:
    """Tell how fast the bytes alone can be hashed."""
    bodies = [(record.body or "").encode() for record in store.stream(until=20_000)]
    began = time.perf_counter()
    for each in bodies:
        hashlib.sha256(each).digest()
    return len(bodies) / (time.perf_counter() - began)


def imported() -> float:
    """Measure what a run imports, as a process that does nothing else."""
    times = {}
    for words in ("pass", "import handrail.journal.recorder"):
        argv = [sys.executable, "-c", words]
        times[words] = median(9, lambda _, these=argv: subprocess.run(these, check=True, cwd=Path("/")))
    return times["import handrail.journal.recorder"] - times["pass"]


if __name__ == "__main__":
    sys.exit(main())
