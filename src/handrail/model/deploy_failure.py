"""Deploys that turned out bad, and when service was restored.

DORA (https://dora.dev/guides/dora-metrics/, as of 2026-01-05) counts for the *change fail rate* the deployments that
"require immediate intervention following a deployment", likely a rollback or a hotfix; and for the *failed deployment
recovery time* how long it takes to recover from one. Here, from the records of one system in one environment, a deploy
is bad when

1. it ended `failed` (it went back by itself), `fenced` or `unknown`; or
2. it ended `done`, and the next thing of note, within `WATCHED` of its end and before the next deploy, was an
   intervention: a rollback, or an emergency (also an emergency deploy: the hotfix).

An intervention speaks against one deploy only, the last one before it; a second one against the same deploy adds
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from handrail.model.past_run import WENT_BACK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from handrail.model.past_run import PastRun

# "Immediate", with room for what shows under the load of a week day.
WATCHED = timedelta(days=7)


@dataclass(frozen=True)
class DeployFailure:
    """A deploy that was bad: since when, when service was restored, and whether that took nobody."""

    deploy: PastRun
    since: datetime
    restored: datetime | None
    by_itself: bool = False

    @property
    def recovery(self) -> timedelta | None:
        """How long it took to recover; None while it has not."""
        return self.restored - self.since if self.restored else None


def failures(runs: Sequence[PastRun]) -> tuple[DeployFailure, ...]:
    """Find the bad deploys among all runs of one system in one environment, in the order of `PastRun.order`."""
    found = []
    for number, run in enumerate(runs):
        if not run.is_deploy:
            continue
        if run.outcome == WENT_BACK:
            # It ended with the old release in traffic: from the first step that failed, or at the most from its begin.
            found.append(DeployFailure(run, run.first_failure or run.started, run.ended, by_itself=True))
        elif not run.done:
            found.append(DeployFailure(run, run.ended, _restored(runs, number + 1)))
        elif (intervention := _intervention(runs, number)) is not None:
            found.append(DeployFailure(run, run.ended, _restored(runs, intervention)))
    return tuple(found)


def _intervention(runs: Sequence[PastRun], deploy: int) -> int | None:
    """Find what spoke against a deploy that was done."""
    for number in range(deploy + 1, len(runs)):
        run = runs[number]
        if run.started - runs[deploy].ended > WATCHED:
            return None
        if run.intervenes:
            return number
        if run.is_deploy:
            return None
    return None


def _restored(runs: Sequence[PastRun], first: int) -> datetime | None:
    return next((runs[number].ended for number in range(first, len(runs)) if runs[number].restores), None)
