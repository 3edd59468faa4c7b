"""What the rules look at: the change, its approvals, the windows, the journal; collected once, at the gate."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from handrail import calendars, filing
from handrail.errors import Refused
from handrail.filing.approvers import approvers_in
from handrail.filing.find import for_plan
from handrail.model import moment
from handrail.model.approval import count
from handrail.model.canonical import digest
from handrail.model.case import Case
from handrail.model.change import ChangeRun
from handrail.model.change_plan import differences
from handrail.model.changes import ANY_TIME, restores
from handrail.model.clearance import Kind
from handrail.model.command_line import command_of, request_command_of
from handrail.model.history import Rules, history
from handrail.model.signed import Kind as Document
from handrail.model.timing import decide_window
from handrail.model.window import AHEAD

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from handrail.model.approvers import Approvers
    from handrail.model.change import Change
    from handrail.model.changes import Changes
    from handrail.model.timing import Open, Shut
    from handrail.orchestration.attempt import Attempt

# What a change takes at the most that was never made: the times that the system allows, and room for its programs.
UNKNOWN = timedelta(minutes=2)
# A freeze that began earlier is read with its begin.
BEFORE = timedelta(days=2)


def collect(attempt: Attempt, changes: Changes, plan: Mapping[str, Any], now: datetime) -> Case:
    """Look up everything that the rules ask about."""
    verb = attempt.intent.verb
    facts, how = _facts(attempt, changes), _how(attempt)
    bare = Case(
        changes, verb, attempt.request, now,
        newest=datetime.fromisoformat(facts["newest_at"]) if facts["newest_at"] else None,
        newest_number=facts["newest_at_seq"],
        window=_window(attempt, changes, now, facts["durations"]) if _minds_windows(changes, attempt) else None,
        command=command_of(plan, emergency=attempt.request.emergency, **how), rehearsals=facts["rehearsals"],
    )  # fmt: skip
    bare = bare.requested_by(request_command_of(plan, bare.kind, **how))
    if not bare.needs and not attempt.request.change:
        return bare
    who = approvers_in(attempt.loaded.base / changes.approvers)
    could = {role: tuple(person.name for person in who.with_role(role)) for role in bare.needs}
    asked = bare.could(could, approvers=who.digest)
    last: Case | None = None
    for change in _candidates(attempt, changes, plan, who):
        judged = _judged(asked, attempt, change, plan)
        if judged.approved:
            return judged
        last = last or judged
    return last or asked


def _how(attempt: Attempt) -> dict[str, Any]:
    """Say what a command has to name beside the plan."""
    return {"with_digest": attempt.request.with_digest, "inventory": attempt.request.inventory}


def _facts(attempt: Attempt, changes: Changes) -> dict[str, Any]:
    """Ask the journal; what restores service does without, where it is away."""
    environment, verb = attempt.loaded.environment, attempt.intent.verb
    try:
        return attempt.journal.facts(environment.system.name, environment.name, str(verb))
    except Refused:
        if not restores(changes, verb, emergency=attempt.request.emergency):
            raise
        return {"newest_at": "", "newest_at_seq": 0, "durations": [], "rehearsals": []}


def _known_runs(attempt: Attempt, changes: Changes, change: str) -> list[ChangeRun]:
    try:
        runs = attempt.journal.change_runs(change)
    except Refused:
        if not restores(changes, attempt.intent.verb, emergency=attempt.request.emergency):
            raise
        return []
    return [ChangeRun(run["run"], run["outcome"], datetime.fromisoformat(run["at"])) for run in runs]


def _judged(asked: Case, attempt: Attempt, change: Change, plan: Mapping[str, Any]) -> Case:
    """Count the approvals of a change. What is filed of its runs, unsigned, can use approvals up, and do no more."""
    filed = tuple(run for run in change.runs if run.good)
    change = replace(change, runs=filed).with_runs(_known_runs(attempt, asked.changes, change.id))
    valid = asked.changes.emergency.valid if asked.kind is Kind.EMERGENCY else asked.changes.normal.valid
    return asked.of(
        change,
        count(change, asked.needs, digest(plan), asked.now, valid=valid),
        differences=differences(change.plan, plan),
        not_before=_not_before(change, asked.now, Rules(asked.needs, valid)),
    )


def _not_before(change: Change, now: datetime, rules: Rules) -> datetime | None:
    """Give the time for which a change is scheduled: the newest word counts, but never one before what was approved."""
    scheduled = [each["not_before"] for each in history(change, now, rules).standing if each.kind is Document.SCHEDULE]
    written = [text for text in (change.request["not_before"], *scheduled[-1:]) if text]
    return max(map(moment.read, written), default=None)


def _candidates(attempt: Attempt, changes: Changes, plan: Mapping[str, Any], who: Approvers) -> Iterator[Change]:
    """Read the change that was named, or those that were filed for this plan."""
    folder = attempt.loaded.base / changes.folder
    if attempt.request.change:
        yield filing.read_change(folder, attempt.request.change, who)
    else:
        yield from for_plan(folder, plan, who)


def _minds_windows(changes: Changes, attempt: Attempt) -> bool:
    """Tell whether a window could refuse it: what restores service, and an emergency, need no readable calendar."""
    return not attempt.request.emergency and changes.standard.get(attempt.intent.verb) != ANY_TIME


def _window(attempt: Attempt, changes: Changes, now: datetime, seconds: list[float]) -> Open | Shut:
    zone = ZoneInfo(changes.time_zone)
    closed = calendars.every_closure(
        changes.freezes, zone, base=attempt.loaded.base, start=now - BEFORE, end=now + AHEAD
    )
    times = attempt.loaded.environment.system.times
    lasts = timedelta(seconds=max(seconds)) if seconds else times.confirm + times.drain + UNKNOWN
    return decide_window(changes.windows, zone, closed, now, lasts)
