"""What a run leaves in the journal: that it begins, each step as it comes out, how it ended.

The journal is kept by a process of its own, which outlives this one: a controller that is lost is a record, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gevent.lock import BoundedSemaphore

from handrail import filing
from handrail.errors import HandrailError, Refused
from handrail.journal.event import Event
from handrail.journal.operator import account, operator
from handrail.model import moment
from handrail.model.canonical import canonical
from handrail.model.change import GOOD
from handrail.model.clearance import Kind
from handrail.model.delivery import State
from handrail.orchestration.emergency import announce

if TYPE_CHECKING:
    from collections.abc import Callable

    from handrail.journal.recorder import Recorder
    from handrail.model.clearance import Clearance
    from handrail.model.environment import Environment
    from handrail.model.intent import Intent
    from handrail.orchestration.notices import Notices
    from handrail.orchestration.run import Run


# How long the gate's word is good for.
GOOD_FOR = timedelta(minutes=1)


@dataclass
class Evidence:
    """The journal's side of one run."""

    run: Run
    recorder: Recorder
    notices: Notices
    # Asks the gate once more.
    ask: Callable[[], Clearance]
    steps: list[dict[str, Any]] = field(default_factory=list)
    trouble: str = ""
    _begun: bool = False
    _line: str | None = None
    _lock: BoundedSemaphore = field(default_factory=BoundedSemaphore)

    def begin(self) -> None:
        """Record that the run begins, once, before the first host is asked for anything; announce an emergency.

        Raises Refused where that cannot be, for there is no change without a record but one that restores service.
        Where somebody has thought about pyinfra's question for long, the gate is asked again, and may refuse, too.
        """
        with self._lock:
            if self._begun:
                return
            self._see_again()
            # Nobody's thought at a question is a part of how long a run takes.
            self.run.started = datetime.now(UTC)
            self._begin()
            self._begun = True
        self.notices.begin()
        how = announce(self.run)
        if how:
            self._announced(how, good=how == "told")

    def _see_again(self) -> None:
        """Ask the gate again where its word is old. Who needs none, and what restores service, is not held up."""
        run = self.run
        if run.clearance.kind is Kind.FREE or run.clearance.restores:
            return
        if datetime.now(UTC) - run.started > GOOD_FOR:
            run.clearance = self.ask()

    def _begin(self) -> None:
        self._unused()
        restores = self.run.clearance.restores
        try:
            self.recorder.begin(self._body(), waits=restores)
        except Refused:
            # The hosts keep journals of their own; the record is tried again at the end.
            if not restores:
                raise

    def _unused(self) -> None:
        """See that no other run has used the approvals up since the gate was passed."""
        clearance = self.run.clearance
        if not clearance.approvals or clearance.restores:
            return
        done = [run["run"] for run in self.recorder.change_runs(clearance.change) if run["outcome"] in GOOD]
        if done:
            text = f"the approvals of {clearance.change} were used up by the run {done[-1]}; nothing was touched"
            raise Refused(text, next_step=f"fab change.show {clearance.change}")

    def event(self, event: Event) -> None:
        """Keep how a step came out, as the run tells it; what is only under way is not kept."""
        if event.outcome == "running":
            return
        self.steps.append(event.json())
        self.recorder.event(event.json())

    def _announced(self, how: str, *, good: bool) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        outcome, words = "ok" if good else "failed", self.run.masked(how)
        self.event(Event(self.run.run_id, "announce", "ANNOUNCE THE EMERGENCY", "operator", outcome, words, at))

    def _told(self) -> None:
        """Keep which channels an emergency has reached so far."""
        for each in self.notices.emergency():
            self._announced(str(each), good=each.state in {State.SENT, State.BEFORE})

    def sealed(self) -> str:
        """Write the record, once, and give the journal's head as one line; empty where it could not be written.

        That is told then, and changes nothing for the hosts: what is known of the run waits beside the journal.
        """
        with self._lock:
            if not self._begun:
                return ""
            if self._line is None:
                self._told()
                self._line = self._recorded(self._ended())
            return self._line

    def _recorded(self, body: dict[str, Any]) -> str:
        try:
            head = self.recorder.end(body)
        except HandrailError as error:
            self.trouble, head = f"NOT IN THE JOURNAL YET: {error.message}", {}
        try:
            self._file(body, head)
        except HandrailError as error:
            told = f"NOT FILED WITH ITS CHANGE: {error.message}"
            self.trouble = f"{self.trouble}; {told}" if self.trouble else told
        return canonical(head) if head else ""

    def _file(self, body: dict[str, Any], head: dict[str, Any]) -> None:
        """File the run with its change, so that its state travels with its documents."""
        run, changes = self.run, self.run.environment.system.changes
        if run.clearance.change and changes is not None:
            told = {key: body[key] for key in ("run", "outcome", "exit_code", "seconds")}
            at = moment.written(datetime.fromisoformat(body["ended"]))
            filed = {**told, "at": at, "seq": head.get("seq", 0), "hash": head.get("hash", "")}
            filing.file_run(run.base / changes.folder, run.clearance.change, filed)

    def _ended(self) -> dict[str, Any]:
        verdict, ended = self.run.verdict(), datetime.now(UTC)
        return self._body() | {
            "ended": ended.isoformat(timespec="milliseconds"),
            "seconds": round((ended - self.run.started).total_seconds(), 3),
            "outcome": verdict.word,
            "exit_code": verdict.exit_code,
            "text": verdict.text,
            "steps": self.steps,
        }

    def _body(self) -> dict[str, Any]:
        run, plan = self.run, self.run.fleet.plan
        return {
            **asked(run.environment, run.intent),
            **run.clearance.json(),
            "reason": run.masked(run.clearance.reason),
            "run": run.run_id,
            "what": plan.change if plan else "",
            "who": run.holder.partition(" ")[0],
            "started": run.started.isoformat(timespec="milliseconds"),
        }


def asked(environment: Environment, intent: Intent) -> dict[str, Any]:
    """Say what was asked for: of which system, and by whom."""
    return {
        "system": environment.system.name,
        "environment": environment.name,
        "verb": str(intent.verb),
        "what": intent.what,
        "who": operator(),
        # What the operator's environment says may be anything; this is whose process it is.
        "account": account(),
    }
