"""The journal as tasks use it: what people do about changes is recorded, too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from handrail.control.show import as_json_line, console_for_tables, warning
from handrail.errors import BadInput, HandrailError
from handrail.journal.operator import operator
from handrail.model import moment

if TYPE_CHECKING:
    from handrail.control.office import Office
    from handrail.model.signed import Document


def note_document(here: Office, document: Document) -> None:
    """Record that a document was filed. It has a signature of its own, so a journal that is away is only told."""
    try:
        record(document.kind.value, document_body(here, document))
    except HandrailError as error:
        warning(f"filed, but NOT IN THE JOURNAL: {error.message}")


def document_body(here: Office, document: Document) -> dict[str, Any]:
    """Give the body of a document's record; `at` is when it was signed, which may be long before it is filed."""
    environment = here.loaded.environment if here.loaded else None
    return {
        "at": document.payload["at"],
        "system": environment.system.name if environment else "",
        "environment": environment.name if environment else "",
        "change": document["change"],
        "who": operator(),
        "person": document.person.name if document.person else "",
        "file": document.file,
        "said": {key: value for key, value in document.payload.items() if key != "plan"},
    }


def record(kind: str, body: dict[str, Any], *, once: bool = False) -> None:
    """Write one record of the class change; with `once` a second one of the same run and kind is not written."""
    from handrail.journal.open import writer  # noqa: PLC0415  # what a task that records nothing need not wait for
    from handrail.journal.record import Entry  # noqa: PLC0415  # likewise

    with writer() as store:
        store.append(Entry(kind, body, once=once))


def unreviewed(here: Office) -> list[dict[str, Any]]:
    """List emergencies that ran without a change and wait for their review, as rows of a list of changes.

    The journal is only read; where there is none yet, nothing is due.
    """
    from handrail.journal.open import reader_or_none  # noqa: PLC0415  # likewise
    from handrail.journal.reviews import unreviewed as found  # noqa: PLC0415  # likewise

    if here.loaded is None or here.changes is None:
        return []
    environment, within = here.loaded.environment, here.changes.emergency.review
    store = reader_or_none()
    if store is None:
        return []
    with store:
        bodies = found(store, system=environment.system.name, environment=environment.name)
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
    record("review", {**where, "run": run, "who": operator(), "text": text})
    if as_json:
        as_json_line({"change": run, "kind": "review", "state": "reviewed"})
    else:
        console_for_tables().print(f"{run} reviewed")
    return 0
