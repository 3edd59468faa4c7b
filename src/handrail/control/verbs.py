"""What each task does: look, ask if need be, act, show, and end with the exit code that says how it went."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from handrail.control import show, tables
from handrail.control.connections import Connections
from handrail.control.inventory import VARIABLE
from handrail.control.task import changed, exits, opened, whole
from handrail.errors import BadInput, HostUnreachable

# What a task has in its name's place for the verbs that put the hold page up, or take it down.
PAGE = {"on": "hold", "off": "resume"}


@exits
def run_change(
    verb: str, inventory: str | None, data: dict[str, str], *, as_json: bool, yes: bool, dry_run: bool
) -> int:
    """Run a verb that changes something."""
    return changed(_verb(verb), inventory, data, as_json=as_json, yes=yes, dry_run=dry_run)


def _verb(words: str) -> str:
    """Name the verb of a task: `maintenance-page` has two."""
    task, _, state = words.partition(" ")
    if task != "maintenance-page":
        return task
    if state not in PAGE:
        raise BadInput(f"maintenance-page {state}; allowed: {', '.join(PAGE)}", next_step="fab maintenance-page on")
    return PAGE[state]


@exits
def show_status(inventory: str | None, *, as_json: bool) -> int:
    """Show the status; 1 when a host or its runtime does not answer, 5 when the fleet is mixed."""
    from handrail.control.ways import status  # noqa: PLC0415

    here = opened(inventory)
    with Connections(here) as connections:
        seen = status(here.load().environment, connections)
    tables.status(seen, as_json=as_json)
    if seen["unreachable"]:
        return 1
    return 5 if seen["mixed"] else int(bool(seen["unusable"]))


@exits
def show_health(inventory: str | None, *, as_json: bool) -> int:
    """Show the health; 1 when anything is an ALERT."""
    from handrail.control.health import health, secrets_of  # noqa: PLC0415
    from handrail.control.look import look  # noqa: PLC0415
    from handrail.model.level import Level  # noqa: PLC0415

    here = opened(inventory)
    loaded = here.load()
    with Connections(here) as connections:
        findings = health(look(loaded.environment, connections), connections, secrets=secrets_of(loaded))
    tables.health(findings, as_json=as_json)
    return 1 if any(finding.level is Level.ALERT for finding in findings) else 0


@exits
def show_history(inventory: str | None, *, lines: str, as_json: bool) -> int:
    """Show the history."""
    from handrail.control.history import history  # noqa: PLC0415

    count = whole("--lines", lines, least=1, next_step="fab history --lines 50")
    here = opened(inventory)
    environment = here.load().environment
    if environment.on_ecs:
        from handrail.control import cloud_looks  # noqa: PLC0415  # boto3 only where AWS is used

        tables.history(cloud_looks.history(environment, lines=count), as_json=as_json)
        return 0
    with Connections(here) as connections:
        tables.history(history(environment, connections, lines=count), as_json=as_json)
    return 0


@exits
def show_logs(
    inventory: str | None, service: str, *, since: str, grep: str, lines: str, follow: bool, output: str, as_json: bool
) -> int:
    """Show logs."""
    from handrail.control import logs  # noqa: PLC0415

    count = whole("--lines", lines, least=0, next_step="fab logs SERVICE --lines 200")
    here = opened(inventory)
    # What is searched for may stand before the last lines: what is found counts, of the last day if not told.
    read_lines, since = (0, since or "1d") if grep and not follow else (count, since)
    environment = here.load().environment
    if environment.on_ecs:
        from handrail.control import cloud_looks  # noqa: PLC0415  # likewise

        with show.writing(output) as target, suppress(KeyboardInterrupt):
            lines_of = cloud_looks.read_logs(environment, service, since=since, grep=grep, lines=count, follow=follow)
            show.logs(lines_of, target, as_json=as_json)
        return 0
    argvs = logs.commands(environment, service, since=since, lines=read_lines, follow=follow)
    lost: dict[str, str] = {}
    with show.writing(output) as target, Connections(here) as connections, suppress(KeyboardInterrupt):
        if follow:
            show.logs(logs.follow(connections, argvs, pattern=grep, lost=lost), target, as_json=as_json)
        else:
            show.logs(logs.search(connections, argvs, pattern=grep, lines=count, lost=lost), target, as_json=as_json)
    if lost:
        named = "; ".join(f"{host}: {reason}" for host, reason in lost.items())
        raise HostUnreachable(f"no logs from {named}", next_step="fab status shows which hosts answer")
    return 0


@exits
def run_verify(inventory: str | None, *, as_json: bool) -> int:
    """Run the Testinfra checks against an inventory."""
    from handrail.model.hosts_only import refuse_on_ecs  # noqa: PLC0415

    here = opened(inventory)
    refuse_on_ecs(here.load().environment, "verify")
    report = (
        ["-q", "--no-header", "-p", "no:cacheprovider"] if as_json else ["-v", "--no-header", "-p", "no:cacheprovider"]
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/verify", *report, f"--inventory={here.path}"],
        check=False, capture_output=as_json, text=True,
    )  # fmt: skip
    if done.returncode not in {0, 1}:
        raise HostUnreachable(
            f"pytest ended with {done.returncode}", next_step=f"{VARIABLE}={here.path} pytest tests/verify"
        )
    if as_json:
        lines = done.stdout.strip().splitlines()
        failed = [line for line in lines if line.startswith("FAILED")]
        sys.stdout.write(
            json.dumps({"exit_code": done.returncode, "failed": failed, "summary": lines[-1] if lines else ""}) + "\n"
        )
    return done.returncode


@exits
def write_schema(output: str) -> int:
    """Write the JSON Schema."""
    from handrail.model.schema import json_schema  # noqa: PLC0415

    Path(output).parent.mkdir(parents=True, exist_ok=True)
    Path(output).write_text(json.dumps(json_schema(), indent=2) + "\n")
    sys.stdout.write(f"{output}\n")
    return 0
