"""Look at changes: one, all, those whose review is due; verify one without anything but its folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail import filing
from handrail.control import change_tables
from handrail.control import next_step as next_steps
from handrail.control.journal import unreviewed
from handrail.control.next_step import could_approve, missing, next_step
from handrail.control.office import Office, office
from handrail.control.task import exits
from handrail.errors import HandrailError
from handrail.filing.approvers import approvers_in
from handrail.hosts.intent import intent_of
from handrail.model import moment
from handrail.model.approval import count, signer_of
from handrail.model.change import NO_RUN
from handrail.model.change_plan import change_plan, differences
from handrail.model.command_line import words_of
from handrail.model.history import ANY, counted, history, review_due
from handrail.model.lifecycle import State
from handrail.model.signed import Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.model.approval import Approval
    from handrail.model.change import Change, ChangeRun
    from handrail.model.history import History
    from handrail.model.signed import Document
    from handrail.model.tally import Tally

# Times are written without what is below a second: a run may have begun so much later than they say.
WRITTEN = timedelta(seconds=1)


@exits
def show_change(inventory: str | None, name: str, *, as_json: bool) -> int:
    """Show one change: its state, what is missing, what to type next, its plan and how today's differs."""
    here = office(inventory)
    change, now = here.read(name), datetime.now(UTC)
    past = history(change, now, here.rules(change.type))
    # What is over needs no approvals any more.
    lacking = {} if past.state in {State.VERIFIED, State.CLOSED} else missing(here, change, now)
    differing, unknown = _today(here, change)
    seen = _seen(change, past) | {
        "missing": lacking,
        "could_approve": could_approve(here, change, list(lacking)),
        "next": next_step(here, change, past.state, now),
        "plan": dict(change.plan),
        "differences": list(differing),
        "today_unknown": unknown,
        "approvals": _approvals(here, change, now),
    }
    change_tables.change(seen, as_json=as_json)
    return 0


@exits
def list_changes(inventory: str | None, *, due: bool, as_json: bool) -> int:
    """List changes, the newest last; with `due` the emergencies without a review, and 1 when one is overdue."""
    here = office(inventory)
    now = datetime.now(UTC)
    folder = filing.changes(here.folder, here.approvers)
    known = here.with_runs(folder.changes)
    rows = [_row(here, change, now) for change in known]
    rows.sort(key=lambda row: str(row["requested"]))
    broken = [{"change": name, "why": why} for name, why in folder.broken]
    if due:
        rows = [row for row in (*rows, *unreviewed(here), *_unfiled(here, known, now)) if row["review_due"]]
    # A folder that is no change any more may hide an emergency.
    change_tables.changes(rows, broken, as_json=as_json)
    return 1 if due and any(row["overdue"] for row in rows) else 0


@exits
def verify_change(name: str, inventory: str | None, folder: str, approvers: str, *, as_json: bool) -> int:
    """Verify every signature of a change; 1 when one of its files does not hold, or a run lacked an approval.

    With a folder and an approvers file nothing else is needed: no inventory, no network, years later.
    """
    here = Office(Path(folder), approvers_in(Path(approvers))) if folder and approvers else office(inventory)
    if folder and here.loaded is not None:
        here = replace(here, folder=Path(folder))
    if approvers and here.loaded is not None:
        here = replace(here, approvers=approvers_in(Path(approvers)))
    change = here.read(name)
    past = history(change, datetime.now(UTC), here.rules(change.type))
    runs = [_run(here, change, run) for run in change.runs]
    code = 1 if any(document.wrong for document in change.documents) or not all(run["approved"] for run in runs) else 0
    change_tables.verified(_seen(change, past) | {"exit_code": code, "runs": runs}, as_json=as_json)
    return code


def _seen(change: Change, past: History) -> dict[str, Any]:
    return {
        "change": change.id,
        "type": change.type.value,
        "state": past.state.value,
        "requester": change.requester.name,
        "requested": change.request["at"],
        "reason": change.request["reason"],
        "risk": change.request["risk"],
        "impact": change.request["impact"],
        "not_before": change.request["not_before"],
        "plan_digest": change.plan_digest,
        "documents": [_document(each) for each in (change.request, *past.standing)],
        "ignored": [_document(each) | {"why": why} for each, why in past.ignored],
        "runs": [{"run": run.run, "outcome": run.outcome, "at": moment.written(run.at)} for run in change.runs],
    }


def _document(document: Document) -> dict[str, Any]:
    said = {
        key: document.payload.get(key, "") for key in ("kind", "at", "role", "item", "text", "not_before", "expires")
    }
    key = document.key.public if document.key else ""
    return said | {"file": document.file, "person": signer_of(document), "key": key}


def _approvals(here: Office, change: Change, now: datetime) -> list[dict[str, str]]:
    result = next_steps.counted(here, change, now)
    good = [(document, "counts") for document in result.counted]
    told = [(document, why) for document, why in result.others if document.payload.get("kind") == "approve"]
    return [
        {"person": signer_of(document), "role": document["role"], "at": document["at"], "said": said}
        for document, said in (*good, *told)
    ]


def _today(here: Office, change: Change) -> tuple[tuple[str, ...], str]:
    """Say how the plan of today differs, or why that cannot be told."""
    if here.loaded is None:
        return (), "the system's description is not here"
    try:
        intent = intent_of(change.plan["verb"], words_of(change.plan), here.loaded)
        return differences(change.plan, change_plan(here.loaded.environment, intent)), ""
    except HandrailError as error:
        return (), error.message


def _row(here: Office, change: Change, now: datetime) -> dict[str, Any]:
    within = here.changes.emergency.review if here.changes else timedelta()
    due = review_due(change, now, within)
    plan = change.plan
    return {
        "change": change.id,
        "type": change.type.value,
        "state": history(change, now, here.rules(change.type)).state.value,
        "what": " ".join(word for word in (plan["verb"], plan["release"]["version"]) if word),
        "requester": change.requester.name,
        "requested": change.request["at"],
        "reason": change.request["reason"],
        "review_due": moment.written(due) if due else "",
        "overdue": due is not None and due <= now,
    }


def _unfiled(here: Office, known: Sequence[Change], now: datetime) -> list[dict[str, Any]]:
    """List emergencies that the journal alone knows: their change is gone from the folder, or their end is not told."""
    from handrail.journal.open import reader_or_none  # noqa: PLC0415  # what looks at one change need not wait for it
    from handrail.journal.reviews import unreviewed as found  # noqa: PLC0415  # likewise

    store = reader_or_none()
    if store is None or here.loaded is None or here.changes is None:
        return []
    environment, within = here.loaded.environment, here.changes.emergency.review
    with store:
        bodies = found(store, system=environment.system.name, environment=environment.name, with_change=True)
    seen = {(change.id, run.run) for change in known for run in change.runs if run.touched}
    rows = []
    for body in bodies:
        if body["change"] and body["outcome"] not in NO_RUN and (body["change"], body["run"]) not in seen:
            due = datetime.fromisoformat(body["ended"]) + within
            rows.append({
                "change": body["change"], "type": "emergency",
                "state": (State.VERIFIED if body["exit_code"] == 0 else State.IMPLEMENTED).value,
                "what": f"{body['verb']} {body['what']}".strip(), "requester": body["who"],
                "requested": body["started"], "reason": body["reason"],
                "review_due": moment.written(due), "overdue": due <= now,
            })  # fmt: skip
    return rows


def _run(here: Office, change: Change, run: ChangeRun) -> dict[str, Any]:
    """Tell by whose approval a run was made: what stood when it began."""
    seconds = run.details.get("seconds")
    began = run.at - timedelta(seconds=seconds if isinstance(seconds, int | float) and 0 <= seconds < 1e6 else 0)
    began += WRITTEN
    then = replace(change, runs=tuple(each for each in change.runs if each.at < run.at))
    rules = here.rules(change.type)
    past = history(then, began, rules)
    standing = tuple(document for document in past.standing if document.at <= began)
    result: Approval | Tally = (
        counted(then, standing, then.runs, began, ANY) if rules.needs is None
        else count(replace(then, documents=standing), rules.needs, change.plan_digest, began, valid=rules.valid)
    )  # fmt: skip
    return {
        "run": run.run,
        "outcome": run.outcome,
        "at": moment.written(run.at),
        "approved_by": [{"person": signer_of(each), "role": each["role"], "at": each["at"]} for each in result.counted],
        "missing": dict(result.missing),
        # What was refused has touched nothing, and what is standard needs nobody.
        "approved": not run.touched or change.type is Type.STANDARD or result.enough,
    }
