"""One apply as a run: the gate before it, its record, Terraform's events as steps of it, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import HandrailError, Refused
from handrail.hosts.script import Reply
from handrail.infra.terraform import SECONDS
from handrail.infra.trouble import trouble
from handrail.journal import recorder
from handrail.journal.event import Event
from handrail.model.ended import Verdict
from handrail.model.fleet import Outcome
from handrail.orchestration import gate
from handrail.orchestration.attempt import Attempt
from handrail.orchestration.evidence import Evidence, asked
from handrail.orchestration.notices import Notices
from handrail.orchestration.run import Run
from handrail.secrets import Secret, masked

if TYPE_CHECKING:
    from handrail.control.infra_work import Work
    from handrail.hosts.script import Command
    from handrail.infra.attended import Ended
    from handrail.infra.attended import Event as Told
    from handrail.model.clearance import Clearance
    from handrail.model.infra_plan import InfraPlan
    from handrail.model.intent import Intent
    from handrail.model.request import Request

UNKNOWN = Verdict(5, "unknown", "it is unknown what Terraform did; fab infra.plan shows it")
# Terraform's events that are the end of something, and how it went.
ENDS = {"apply_complete": "ok", "apply_errored": "failed"}


@dataclass
class InfraRun(Run):
    """A run that touches no host: what it has done is what Terraform says."""

    kept: dict[str, Secret] = field(default_factory=dict)
    ended: Verdict = UNKNOWN

    @cached_property
    def secrets(self) -> dict[str, Secret]:
        """The secrets that AWS keeps; those of hosts need not be here."""
        return self.kept

    def verdict(self) -> Verdict:
        """Judge by how Terraform ended."""
        return replace(self.ended, text=self.masked(self.ended.text))


class InfraEvidence(Evidence):
    """The record of an apply, which says how much of what there was to do."""

    def _body(self) -> dict[str, Any]:
        plan = self.run.intent.infra
        return super()._body() | {"what": plan.counts if plan else ""}


@dataclass
class Apply:
    """An apply of one plan."""

    work: Work
    intent: Intent
    request: Request
    plan: InfraPlan
    tally: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ENDS.values(), 0))
    touched: bool = False

    def clear(self) -> Clearance:
        """Pass the gate; whom it refuses is in the journal, too."""
        journal = recorder.start()
        try:
            return gate.check(Attempt(self.work.loaded, self.intent, self.request, journal, ask=_nobody))
        except Refused as refused:
            known = self.work.secrets if self.request.reason else {}
            said = {"reason": masked(self.request.reason, known), "text": masked(refused.message, known)}
            journal.refused({**asked(self.work.loaded.environment, self.intent), **said})
            raise

    def run(self, path: Path, clearance: Clearance) -> Verdict:
        """Record that it begins, apply, record how it ended. Terraform gets one Ctrl-C, and ends what is under way."""
        run = InfraRun(
            self.work.loaded.environment, self.intent, base=self.work.loaded.base, cache=Path(".handrail/artifacts"),
            clearance=clearance, kept=self.work.secrets,
        )  # fmt: skip
        notices = Notices(run)
        evidence = InfraEvidence(run, recorder.start(), notices, ask=self.clear)
        run.listeners.append(evidence.event)
        evidence.begin()
        try:
            ended = self.work.apply(path, tell=lambda told: self._tell(run, told), seconds=SECONDS)
            run.ended = self._verdict(ended)
            if self.touched or ended.code == 0:
                self.work.shelf.clear()
            if ended.code == 0 and self.plan.destroy:
                run.ended = replace(run.ended, text=f"{run.ended.text}{self.work.forget()}")
        except HandrailError as error:
            run.ended = Verdict(error.exit_code, "failed", str(error))
        evidence.sealed()
        notices.ended(run.verdict())
        told = run.verdict()
        return replace(told, text=f"{told.text}; {evidence.trouble}") if evidence.trouble else told

    def _tell(self, run: InfraRun, told: Told) -> None:
        self.touched |= told.get("type") == "apply_start"
        outcome = ENDS.get(str(told.get("type")))
        if outcome is not None:
            self._keep(run, outcome, told.get("hook", {}))
        self.work.tell(told)

    def _keep(self, run: InfraRun, outcome: str, hook: Told) -> None:
        self.tally[outcome] += 1
        address, action = hook.get("resource", {}).get("addr", ""), hook.get("action", "")
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        seconds = float(hook.get("elapsed_seconds", 0))
        run.tell(Event(run.run_id, "apply", f"{action} {address}", "aws", outcome, "", at, seconds))

    def _verdict(self, ended: Ended) -> Verdict:
        if ended.code == 0:
            return Verdict(0, "done", f"{self.plan.counts}: done")
        error = trouble(ended, self.work.secrets, touched=self.touched)
        if not self.touched:
            return Verdict(error.exit_code, "not done", str(error))
        text = f"half done: {self.tally['ok']} of {len(self.plan.steps)} changes were made; {error.message}"
        step = error.next_step if "errored.tfstate" in error.message else "fab infra.plan shows what is left to do"
        return Verdict(5, "unknown", f"{text}\n  next: {step}")


def _nobody(_name: str, _command: Command) -> Reply:
    """Ask no host: an apply touches none."""
    return Reply(Outcome.UNKNOWN, "no host is asked", ())
