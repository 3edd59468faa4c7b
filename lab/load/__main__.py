"""`python -m lab.load --url http://127.0.0.1:8080 --seconds 10 [--json out]`: load from the command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lab.load.client import Client
from lab.load.handle import DEFAULT_PATHS, DEFAULT_RATE
from lab.load.report import Report, summarize

if TYPE_CHECKING:
    from lab.load.samples import Samples

# 50,000 requests at the slowest rate seen on a busy machine of two cores
REACH_SECONDS = 120.0
REACH_EVERY_SECONDS = 0.2


def main() -> int:
    """Load until the time is over or the input ends; exit 1 if a request failed."""
    arguments = _parser().parse_args()
    samples = asyncio.run(_run(arguments))
    if arguments.samples:
        samples.write(arguments.samples)
        return 0
    report = summarize(samples)
    _show(report)
    if arguments.json:
        arguments.json.write_text(json.dumps(report.as_data(), indent=2) + "\n")
    return 1 if report.failed else 0


async def _run(arguments: argparse.Namespace) -> Samples:
    client = Client(
        arguments.url,
        paths=dict(arguments.path or DEFAULT_PATHS),
        connections=arguments.connections,
        rate=arguments.rate or None,
    )
    await client.start()
    if arguments.samples:
        print("ready", flush=True)
        await _obey(client)
        await _reach(client, arguments.at_least)
    else:
        await asyncio.sleep(arguments.seconds)
    return await client.stop()


async def _obey(client: Client) -> None:
    """Take marks from the caller until it closes our input."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        client.samples.mark(order["mark"], order["at"])


async def _reach(client: Client, at_least: int) -> None:
    """Go on until so many requests were sent; a slow machine is given a while, not for ever."""
    deadline = time.monotonic() + REACH_SECONDS
    # an event would have to be kept up to date with every request, for one use
    while len(client.samples.starts) < at_least and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(REACH_EVERY_SECONDS)


def _show(report: Report) -> None:
    print(
        f"{report.requests} requests in {report.seconds:.1f} s ({report.requests_per_second:.0f}/s), "
        f"{report.failed} failed, {report.reconnects} reconnects"
    )
    for phase in report.phases:
        print(
            f"  {phase.name:12} {phase.requests:8} {phase.failed:6} failed "
            f" p50 {phase.p50_ms} ms  p99 {phase.p99_ms} ms"
        )
    for failure in report.failures:
        print(f"  {failure.at:.3f} {failure.phase}: {failure.reason}")


def _weighted(text: str) -> tuple[str, int]:
    path, _, weight = text.rpartition("=")
    return (path, int(weight)) if path else (text, 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.load", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE, help="requests per second in all; 0: no limit")
    parser.add_argument("--path", type=_weighted, action="append", metavar="PATH=WEIGHT")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path, help="write the report here")
    parser.add_argument("--samples", type=Path, help="be led by stdin, and write the samples here at its end")
    parser.add_argument("--at-least", type=int, default=0, help="with --samples: go on until so many were sent")
    return parser


if __name__ == "__main__":
    sys.exit(main())
