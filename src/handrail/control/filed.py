"""Filing a document of a change: one that would not count is refused, and nothing is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from handrail import filing
from handrail.control.journal import note_document
from handrail.control.next_step import next_step
from handrail.errors import Refused
from handrail.model import signed
from handrail.model.approval import count
from handrail.model.change import Change
from handrail.model.command_line import at
from handrail.model.history import history, state
from handrail.model.signed import Document, Kind

if TYPE_CHECKING:
    from pathlib import Path

    from handrail.control.office import Office


def file(here: Office, document: Document, content: bytes) -> tuple[Change, Path]:
    """File a document that counts; one that would not is refused, and nothing is written."""
    name = document["change"]
    if document.kind is Kind.REQUEST:
        if (here.folder / name).exists() and here.read(name).request.file != document.file:
            raise Refused(
                f"{name} has another request already", next_step=f"fab change.show {name}{at(here.inventory)}"
            )
        change = Change(name, document, (document,))
    else:
        before = here.read(name)
        others = tuple(each for each in before.documents if each.file != document.file)
        change = replace(before, documents=(*others, document))
        if why := _why_not(here, change, document):
            now = datetime.now(UTC)
            following = next_step(here, before, state(before, now, here.rules(before.type)), now)
            raise Refused(
                f"{document.kind} of {name}: {why}",
                next_step=following or f"fab change.show {name}{at(here.inventory)}",
            )
    path = filing.file(here.folder, name, signed.name_of(document.payload), content)
    note_document(here, document)
    return change, path


def _why_not(here: Office, change: Change, document: Document) -> str:
    rules, now = here.rules(change.type), datetime.now(UTC)
    past = history(change, now, rules)
    told = dict(past.ignored)
    if document.kind is Kind.APPROVE and document not in told:
        told = dict(count(change, rules.needs or {}, change.plan_digest, now, valid=rules.valid).others)
        # More approvals than are needed do no harm.
        told = {each: why for each, why in told.items() if not why.startswith("not needed")}
    if document.kind in {Kind.REJECT, Kind.STATEMENT} and document.person and document not in told:
        fits = document["role"] in document.person.roles
        return "" if fits else f"{document.person.name} is not {document['role']}"
    return told.get(document, "")
