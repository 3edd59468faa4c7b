"""The demonstration: a deploy and a rollback of a system on lab hosts under load, and what they cost."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from handrail.control.change import End, change
from handrail.control.progress import Progress
from lab import inventory, lifecycle
from lab.hosts import DEFAULT, SYSTEMS
from lab.load import Load, Phase, Report

# What a client asks for, and how often; a system without a frontend has no page.
PATHS = {"/api/version": 2, "/api/items": 1}
PAGES = {"vendhub": "/health"}
CONNECTIONS = 50
# As much as the server answers, where that leaves the hosts enough of two cores; containers need more for their start.
RATES = {"inventory": 1500.0, "marketplace": 1500.0}
AT_LEAST = 50_000
# Long enough for steady percentiles before and after.
CALM_SECONDS = 4


@dataclass(frozen=True)
class Act:
    """One step of the demonstration."""

    name: str
    seconds: float
    end: End


def main() -> int:
    """Play it; exit 0 only if every step worked and no request failed."""
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description=__doc__)
    parser.add_argument("--system", choices=SYSTEMS, default=DEFAULT, help=f"default: {DEFAULT}")
    system = parser.parse_args().system
    console = Console(highlight=False)
    lifecycle.up(system, fresh=True)
    acts = [_act(system, "startup"), _act(system, "deploy", release="1.0.0")]
    if not all(act.end.exit_code == 0 for act in acts):
        console.print("[bold red]the system does not come up[/]")
        return 1
    report = _under_load(system, acts)
    _show(console, acts, report)
    if not all(act.end.exit_code == 0 for act in acts):
        console.print("[bold red]the releases that worked go on; a step did not, see above[/]")
        return 1
    result = Path(".handrail") / ("demo.json" if system == DEFAULT else f"demo-{system}.json")
    result.write_text(json.dumps(_figures(acts, report), indent=2) + "\n")
    where = f"HANDRAIL_INVENTORY={inventory.file(system)}"
    console.print(f"\n{result} has the same as JSON. The lab is still up: {where} fab status")
    return 0 if report.failed == 0 and report.requests >= AT_LEAST else 1


def _under_load(system: str, acts: list[Act]) -> Report:
    """Deploy and roll back while clients ask; add both to the acts."""
    paths = PATHS | {PAGES.get(system, "/"): 1}
    enough = AT_LEAST + AT_LEAST // 20
    with Load(
        inventory.url(system), connections=CONNECTIONS, rate=RATES.get(system), paths=paths, at_least=enough
    ) as load:
        time.sleep(CALM_SECONDS)
        load.mark("deploy 1.1.0")
        acts.append(_act(system, "deploy", release="1.1.0"))
        load.mark("after the deploy")
        time.sleep(CALM_SECONDS)
        load.mark("rollback")
        acts.append(_act(system, "rollback"))
        load.mark("after the rollback")
        time.sleep(CALM_SECONDS)
    return load.report()


def _act(system: str, verb: str, **data: str) -> Act:
    title = " ".join([verb, *data.values()])
    began = time.monotonic()
    end = change(verb, inventory.file(system), data, Progress(title))
    return Act(title, time.monotonic() - began, end)


def _cutover(act: Act) -> float:
    """Give the wall-clock time at which an edge was first asked to cut over."""
    begun = [event["at"] for event in act.end.events if event["step"] == "cut over" and event["outcome"] == "running"]
    return min(datetime.fromisoformat(at).timestamp() for at in begun)


def _figures(acts: list[Act], report: Report) -> dict[str, Any]:
    deploy, rollback = acts[-2], acts[-1]
    return {
        "requests": report.requests,
        "failed": report.failed,
        "reconnects": report.reconnects,
        "connections": CONNECTIONS,
        "deploy_seconds": round(deploy.seconds, 2),
        "rollback_seconds": round(rollback.seconds, 2),
        "cutover_to_first_new_response_seconds": report.first_response_of("1.1.0", after=_cutover(deploy)),
        "rollback_to_first_old_response_seconds": report.first_response_of("1.0.0", after=_cutover(rollback)),
        "steps": [{"step": act.name, "seconds": round(act.seconds, 2), "outcome": act.end.outcome} for act in acts],
        "phases": [vars(phase) for phase in report.phases],
        "failures": [vars(failure) for failure in report.failures],
    }


def _show(console: Console, acts: list[Act], report: Report) -> None:
    steps = Table("step", "seconds", "outcome", title="What was done", title_justify="left")
    for act in acts:
        steps.add_row(act.name, f"{act.seconds:.1f}", act.end.outcome)
    requests = Table("phase", "requests", "failed", "p50 ms", "p99 ms", title="What a client saw", title_justify="left")
    for phase in report.phases:
        requests.add_row(*_row(phase))
    requests.add_row(
        "in all",
        f"{report.requests:,}",
        str(report.failed),
        "",
        "",
        style="bold green" if not report.failed else "bold red",
    )
    console.print(steps, requests)
    if acts[-2].end.exit_code == 0:
        deploy = report.first_response_of("1.1.0", after=_cutover(acts[-2]))
        console.print(f"first response of 1.1.0 {deploy or 0:.3f} s after the cutover began")
    for failure in report.failures:
        console.print(f"[red]failed in {failure.phase}: {failure.reason}[/]")


def _row(phase: Phase) -> list[str]:
    name = "before" if phase.name == "start" else phase.name
    return [name, f"{phase.requests:,}", str(phase.failed), f"{phase.p50_ms or 0:.1f}", f"{phase.p99_ms or 0:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
