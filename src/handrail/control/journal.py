"""The journal as tasks use it: what people do about changes is recorded, too."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handrail.control.show import as_json_line, console_for_tables, warning
from handrail.errors import BadInput, HandrailError
from handrail.model import moment
from handrail.orchestration.run import who

if TYPE_CHECKING:
    from handrail.control.office import Office
    from handrail.journal.store import Store
    from handrail.model.signed import Document


def journal() -> Store:
    """Open the journal for writing."""
    from handrail.journal import head  # noqa: PLC0415  # what a task that records nothing need not wait for
    from handrail.journal.keeper import STORE  # noqa: PLC0415  # likewise
    from handrail.journal.store import Store  # noqa: PLC0415  # likewise

    return Store(os.environ.get(STORE, ""), signer=head.signer())


def note_document(here: Office, document: Document) -> None:
    """Record that a document was filed. It has a signature of its own, so a journal that is away is only told."""
    environment = here.loaded.environment if here.loaded else None
    body = {
        "system": environment.system.name if environment else "",
        "environment": environment.name if environment else "",
        "change": document["change"],
        "who": who(),
        "person": document.person.name if document.person else "",
        "file": document.file,
        "said": {key: value for key, value in document.payload.items() if key != "plan"},
    }
    try:
        record(document.kind.value, body)
    except HandrailError as error:
        warning(f"filed, but NOT IN THE JOURNAL: {error.message}")


def record(kind: str, body: dict[str, Any]) -> None:
    """Write one record of the class change."""
    from handrail.journal.record import Entry  # noqa: PLC0415  # likewise

    store = journal()
    try:
        store.append(Entry(kind, body))
    finally:
        store.close()


def unreviewed(here: Office) -> list[dict[str, Any]]:
    """List emergencies that ran without a change and wait for their review, as rows of a list of changes."""
    from handrail.journal.reviews import unreviewed as found  # noqa: PLC0415  # likewise

    if here.loaded is None or here.changes is None:
        return []
    environment, within = here.loaded.environment, here.changes.emergency.review
    store = journal()
    try:
        bodies = found(store, system=environment.system.name, environment=environment.name)
    finally:
        store.close()
    now = datetime.now(UTC)
    rows = []
    for body in bodies:
        due = datetime.fromisoformat(body["ended"]) + within
        rows.append({
            "change": body["run"], "type": "emergency",
            "state": "verified" if body["exit_code"] == 0 else "implemented",
            "what": f"{body['verb']} {body['what']}", "requester": body["who"], "requested": body["started"],
            "reason": body["reason"], "review_due": moment.written(due), "overdue": due <= now,
        })  # fmt: skip
    return rows


def reviewed_run(here: Office, run: str, text: str, *, as_json: bool) -> int:
    """Record the review of an emergency that ran without a change."""
    if run not in {row["change"] for row in unreviewed(here)}:
        raise BadInput(f"no emergency {run} waits for a review", next_step="fab change.list --due")
    if not text:
        raise BadInput("a review says something", next_step=f'fab change.review {run} --text "…"')
    loaded = here.loaded
    environment = loaded.environment if loaded else None
    where = {"system": environment.system.name, "environment": environment.name} if environment else {}
    record("review", {**where, "run": run, "who": who(), "text": text})
    if as_json:
        as_json_line({"change": run, "kind": "review", "state": "reviewed"})
    else:
        console_for_tables().print(f"{run} reviewed")
    return 0
