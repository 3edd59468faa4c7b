"""Take, keep and give back the lease, and write down how the run went."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail.hosts.script import Command
from handrail.hosts.survey import survey_arguments, survey_seconds
from handrail.model.guard import decided
from handrail.model.intent import Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.model.step import Step
    from handrail.orchestration.run import Run


# A release that goes may be a hundred thousand files; its name goes at once, and the lease is given back before them.
PRUNE_SECONDS = 180


def take_lease(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Take the lease and read the host in the same round trip."""
    system = run.environment.system
    seconds = int(system.times.lease.total_seconds())
    looks = survey_arguments(run.environment, host)
    head = (
        system.root,
        run.run_directory,
        str(run.fleet.token),
        run.run_id,
        str(seconds),
        run.holder,
        str(run.intent.verb),
    )
    return [Command(("lease_take", "survey", "end"), (*head, *looks), survey_seconds(run.environment, host))]


def renew_lease(run: Run, host: str) -> Command:
    """Keep the lease, with the token that this host gave: for a moment hosts may have different ones."""
    seconds = int(run.environment.system.times.lease.total_seconds())
    token = run.fleet.tokens.get(host, run.fleet.token)
    return run.fenced(["lease_renew"], [str(seconds), run.holder], seconds=10, token=token)


def finish(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Write the record, keep the good releases, give the lease back."""
    good, bad = good_and_bad(run)
    keep = str(run.environment.system.release.keep)
    return [run.fenced(["finish"], (json.dumps(record(run)), good, keep, bad), seconds=PRUNE_SECONDS)]


def good_and_bad(run: Run) -> tuple[str, str]:
    """Name the release that proved good, and the one that was rolled back from."""
    plan = run.fleet.plan
    if plan is None or not plan.verb.moves_release:
        return "", ""
    if plan.nothing:
        return plan.live_release, ""
    if not decided(run.fleet):
        return "", ""
    bad = plan.live_release if plan.verb is Verb.ROLLBACK and plan.live_release != plan.release_id else ""
    return plan.release_id, bad


def record(run: Run) -> dict[str, object]:
    """Say in one line who did what, when, and how it ended."""
    end, ended = run.verdict(), datetime.now(UTC)
    return {
        "at": ended.isoformat(timespec="seconds"),
        "run": run.run_id,
        "token": run.fleet.token,
        "record": run.intent.verb,
        "who": run.holder.partition(" ")[0],
        "environment": run.environment.name,
        "what": run.fleet.plan.change if run.fleet.plan else "",
        "type": run.clearance.loud,
        "change": run.clearance.change,
        "outcome": end.word,
        "text": end.text,
        "started": run.started.isoformat(timespec="seconds"),
        "seconds": round((ended - run.started).total_seconds(), 2),
    }
