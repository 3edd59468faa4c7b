"""The demonstration: a deploy and a rollback of a system on lab hosts under load, and what they cost."""

from __future__ import annotations

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
from lab import containers, lifecycle
from lab.load import Load, Phase, Report

INVENTORY = Path("inventories/lab.py")
RESULT = Path(".handrail/demo.json")
URL = "http://127.0.0.1:8080"
CONNECTIONS = 50
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
    console = Console(highlight=False)
    _fresh_hosts()
    acts = [_act("startup", {}), _act("deploy", {"release": "1.0.0"})]
    if not all(act.end.exit_code == 0 for act in acts):
        console.print("[bold red]the system does not come up[/]")
        return 1
    with Load(URL, connections=CONNECTIONS, at_least=AT_LEAST + AT_LEAST // 20) as load:
        time.sleep(CALM_SECONDS)
        load.mark("deploy 1.1.0")
        acts.append(_act("deploy", {"release": "1.1.0"}))
        load.mark("after the deploy")
        time.sleep(CALM_SECONDS)
        load.mark("rollback")
        acts.append(_act("rollback", {}))
        load.mark("after the rollback")
        time.sleep(CALM_SECONDS)
    report = load.report()
    _show(console, acts, report)
    RESULT.write_text(json.dumps(_figures(acts, report), indent=2) + "\n")
    console.print(f"\n{RESULT} has the same as JSON. The lab is still up: HANDRAIL_INVENTORY={INVENTORY} fab status")
    worked = all(act.end.exit_code == 0 for act in acts)
    return 0 if worked and report.failed == 0 and report.requests >= AT_LEAST else 1


def _fresh_hosts() -> None:
    lifecycle.up()
    if any(containers.listed()):
        for container in containers.listed():
            containers.remove(container.name)
    lifecycle.up()


def _act(verb: str, data: dict[str, str]) -> Act:
    began = time.monotonic()
    end = change(verb, INVENTORY, data, Progress(" ".join([verb, *data.values()])))
    return Act(" ".join([verb, *data.values()]), time.monotonic() - began, end)


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
    deploy = report.first_response_of("1.1.0", after=_cutover(acts[-2]))
    console.print(f"first response of 1.1.0 {deploy or 0:.3f} s after the cutover began")
    for failure in report.failures:
        console.print(f"[red]failed in {failure.phase}: {failure.reason}[/]")


def _row(phase: Phase) -> list[str]:
    name = "before" if phase.name == "start" else phase.name
    return [name, f"{phase.requests:,}", str(phase.failed), f"{phase.p50_ms or 0:.1f}", f"{phase.p99_ms or 0:.1f}"]


if __name__ == "__main__":
    sys.exit(main())
