"""`python -m bench.maintenance`: what the engine of windows costs: a step, a resume after a kill, a worker that waits.

A step is what DBOS takes from one to the next, with nothing to do in between. The process that a real step has, a third
of a second of Python, is left out. A resume is from the start of the new worker until the step that was killed with the
old one is at work again: Python's start and that process are part of it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from dbos import DBOS

from handrail.maintenance import durable
from handrail.maintenance.book import Book
from tests.unit.maintenance.conftest import Folder


class Real(Folder):
    """A folder whose workers are processes of their own from the start, as an operator's are."""

    popen = staticmethod(subprocess.Popen)


STEPS, ROUNDS = 300, 5
# DBOS looks more often in its first minute.
SETTLE_SECONDS, IDLE_SECONDS = 65, 60
TARGETS = {"step ms": 20, "resume s": 3, "idle MB": 100, "idle CPU %": 1}
MEGABYTE_KIB = 1000_000 / 1024


def main() -> int:
    """Measure, print each figure with its target, and exit 1 when one is missed."""
    with tempfile.TemporaryDirectory(prefix="handrail-bench-") as name:
        folder = Path(name)
        figures = {"resume s": _resume(folder), **_idle(folder / "idle"), "step ms": _step(folder / "step")}
    for what, figure in figures.items():
        sys.stdout.write(f"{what:12} {figure:7.2f}  (target < {TARGETS[what]})\n")
    sys.stdout.flush()
    # DBOS's threads have nothing more to say.
    os._exit(int(any(figure >= TARGETS[what] for what, figure in figures.items())))


def _step(folder: Path) -> float:
    """Run a workflow whose steps do nothing."""
    left = iter([None] * (STEPS - 1))
    folder.mkdir()
    with chdir(folder):
        durable.launch("worker", Book())
    durable.advance = lambda *_: next(left, 0)
    began = time.perf_counter()
    durable.begin(cast("Any", SimpleNamespace(id="bench", workflow="bench")))
    DBOS.retrieve_workflow("bench").get_result(polling_interval_sec=0.01)
    return (time.perf_counter() - began) / STEPS * 1000


def _resume(folder: Path) -> float:
    """Kill a worker, the process of its step, and what that runs; start another."""
    took = []
    for number in range(ROUNDS):
        here = Real(folder / f"resume-{number}", "")
        (here.path / "slow-page-on").touch()
        here.book()
        worker = here.work()
        child = here.until(lambda here=here: here.begun("page-on"))
        runner = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        here.kill(worker)
        for process in (runner, child):
            here.kill_process(process)
        began = time.perf_counter()
        worker = here.work()
        again = here.until(lambda here=here, child=child: (now := here.begun("page-on")) != child and now)
        took.append(time.perf_counter() - began)
        here.kill(worker)
        here.kill_process(int(Path(f"/proc/{again}/stat").read_text().rpartition(")")[2].split()[1]))
        here.kill_process(again)
    return statistics.median(took)


def _idle(folder: Path) -> dict[str, float]:
    """Look at a worker that has nothing to do."""
    here = Real(folder, "")
    worker = here.work()
    here.until(here.seated)
    time.sleep(SETTLE_SECONDS)
    before = _ticks(worker.pid)
    time.sleep(IDLE_SECONDS)
    spent = (_ticks(worker.pid) - before) / os.sysconf("SC_CLK_TCK")
    status = Path(f"/proc/{worker.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    here.kill(worker)
    return {"idle MB": resident / MEGABYTE_KIB, "idle CPU %": spent / IDLE_SECONDS * 100}


def _ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    sys.exit(main())
