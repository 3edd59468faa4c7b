"""Where the changes of one environment are filed: its rules, its approvers, its folder; and how something is filed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail import filing, signatures
from handrail.control.show import warning
from handrail.control.task import opened
from handrail.errors import BadInput, HandrailError, Refused
from handrail.filing.approvers import approvers_in
from handrail.model import moment, signed
from handrail.model.canonical import canonical
from handrail.model.change import Change, ChangeRun
from handrail.model.history import ANY, Rules
from handrail.model.signed import Document, Kind, Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.hosts.inventory import Loaded
    from handrail.model.approvers import Approvers
    from handrail.model.changes import Changes


@dataclass(frozen=True)
class Office:
    """The changes of one environment; without `loaded` nothing is known but the folder and who may sign.

    `inventory` is the one that was named on the command line, for the next one.
    """

    folder: Path
    approvers: Approvers
    loaded: Loaded | None = None
    changes: Changes | None = None
    inventory: str = ""

    def rules(self, of: Type) -> Rules:
        """Tell what a change of this type needs."""
        if self.changes is None:
            return ANY
        if of is Type.STANDARD:
            return Rules({})
        part = self.changes.emergency if of is Type.EMERGENCY else self.changes.normal
        return Rules(part.approvals, part.valid)

    def read(self, name: str) -> Change:
        """Read one change, verified, with the runs that the journal knows: a file of one may be gone."""
        (change,) = self.with_runs([filing.read_change(self.folder, name, self.approvers)])
        return change

    def with_runs(self, changes: Sequence[Change]) -> list[Change]:
        """Add the runs that the journal knows. One that is away stops nobody from looking, and is told."""
        if self.loaded is None or not changes:
            return list(changes)
        try:
            known = _journalled([change.id for change in changes])
        except HandrailError as error:
            warning(f"runs are shown as they are filed, which proves nothing: {error.message}")
            return list(changes)
        return [change.with_runs(known[change.id]) for change in changes]

    def sign(self, payload: Mapping[str, Any], key: str) -> tuple[Document, bytes]:
        """Sign a document; raises Refused when the signer's key stands in no file."""
        line = canonical(payload)
        content = f"{line}\n{signatures.sign(line, Path(key) if key else None)}".encode()
        document = filing.document_of(signed.name_of(payload), content, self.approvers)
        if document.wrong:
            raise Refused(
                f"what this key signs does not count: {document.wrong}",
                next_step="add the key to the approvers file and have that reviewed; or name another with --key",
            )
        return document, content


def _journalled(names: Sequence[str]) -> Mapping[str, list[ChangeRun]]:
    """Read the runs of these changes from the journal. Raises BadInput or Refused where it cannot be read."""
    from handrail.journal.facts import change_runs  # noqa: PLC0415  # what looks at no change need not wait for it
    from handrail.journal.open import reader  # noqa: PLC0415  # likewise

    with reader() as store:
        found = {name: change_runs(store, name) for name in names}
    return {
        name: [ChangeRun(run["run"], run["outcome"], datetime.fromisoformat(run["at"]), run) for run in runs]
        for name, runs in found.items()
    }


def office(inventory: str | None) -> Office:
    """Open the office of an inventory's environment."""
    return replace(office_of(opened(inventory).load()), inventory=inventory or "")


def office_of(loaded: Loaded) -> Office:
    """Open the office of an environment."""
    changes = loaded.environment.system.changes
    if changes is None:
        named = f"{loaded.environment.system.name} on {loaded.environment.name}"
        raise BadInput(
            f"{named} has no rules for changes: nothing needs one",
            next_step="add the part `changes` to the system's YAML; docs/how-to/changes.md shows one",
        )
    return Office(loaded.base / changes.folder, approvers_in(loaded.base / changes.approvers), loaded, changes)


def dated(kind: Kind, change: str, **fields: Any) -> dict[str, Any]:
    """Make the payload of a document of now."""
    return {"kind": kind.value, "change": change, "at": moment.written(datetime.now(UTC)), **fields}
