# ruff: noqa: T201  # a command-line tool
"""`python -m tests.simulation --schedules 20000`: play schedules until an invariant breaks; exit 1 if one does."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.simulation.schedule import Result, play
from tests.simulation.world import BUGS

CHUNK = 500


def main() -> int:
    """Play one schedule or many."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--schedules", type=int, default=20000, help="how many to play")
    parser.add_argument("--seed", type=int, help="the first one, or the one to tell")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one for each processor")
    bugs = "; ".join(f"{bug}: {words}" for bug, words in BUGS.items())
    parser.add_argument("--bug", choices=BUGS, default="", help=bugs)
    parser.add_argument("--story", action="store_true", help="tell the schedule of --seed")
    arguments = parser.parse_args()
    if arguments.story:
        return _tell(play(arguments.seed or 0, bug=arguments.bug, story=True))
    first = arguments.seed or 0
    return _search(range(first, first + arguments.schedules), bug=arguments.bug, processes=arguments.processes)


def _search(seeds: range, *, bug: str, processes: int) -> int:
    began, played, excused = time.monotonic(), 0, Counter[str]()
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(processes) as pool:
        for results in pool.map(_chunk, chunks, repeat(bug)):
            played += results[0]
            excused += results[2]
            if results[1] is not None:
                print(f"breach after {played} schedules, {time.monotonic() - began:.1f} s")
                pool.shutdown(cancel_futures=True)
                return _tell(play(results[1], bug=bug, story=True))
    seconds = time.monotonic() - began
    print(f"{played} schedules, no breach, {seconds:.1f} s, {played / seconds:.0f} a second")
    print(f"{sum(excused.values())} of them met what cannot be promised")
    return 0


def _chunk(seeds: range, bug: str) -> tuple[int, int | None, Counter[str]]:
    excused = Counter[str]()
    for number, seed in enumerate(seeds, start=1):
        result = play(seed, bug=bug)
        if result.breach:
            return number, seed, excused
        if result.excused:
            excused["excused"] += 1
    return len(seeds), None, excused


def _tell(result: Result) -> int:
    print(f"seed {result.seed}")
    print("\n".join(result.story))
    print(f"breach: {result.breach}" if result.breach else "everything held")
    return 1 if result.breach else 0


if __name__ == "__main__":
    sys.exit(main())
