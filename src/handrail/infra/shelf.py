"""Where plan files are kept until they are applied: mode 0600, named by their digest, with a note of what each is."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.errors import BadInput, Refused
from handrail.infra.private import write_private
from handrail.model.infra_plan import ID_LETTERS, InfraPlan

if TYPE_CHECKING:
    from pathlib import Path

AGAIN = "fab infra.plan"
# A plan file, or the note beside it.
_NAMED = re.compile(rf"[0-9a-f]{{{ID_LETTERS}}}\.(?:tfplan|json)")


@dataclass(frozen=True)
class Shelf:
    """The plans of one environment."""

    folder: Path

    @property
    def fresh(self) -> Path:
        """Where Terraform writes a plan of this process that has no name yet."""
        return self.folder / f"fresh-{os.getpid()}.tfplan"

    def file_of(self, plan: InfraPlan) -> Path:
        """Give the plan file."""
        return self.folder / f"{plan.id}.tfplan"

    def put(self, plan: InfraPlan) -> Path:
        """Give the fresh plan its name, and note what it is."""
        path = self.file_of(plan)
        self.fresh.replace(path)
        path.chmod(0o600)
        write_private(self._note_of(plan.id), json.dumps(plan.json(), indent=1).encode())
        return path

    def find(self, name: str, *, destroy: bool) -> InfraPlan:
        """Find the plan of this name, or the newest of its kind. Raises BadInput when there is none."""
        notes = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
        known = [plan for path in notes if (plan := self._read(path)) is not None]
        command = f"{AGAIN} --destroy" if destroy else AGAIN
        if name and not re.fullmatch(rf"[0-9a-f]{{8,{ID_LETTERS}}}", name):
            raise BadInput(
                f"--plan {name[:40]}: a plan is named by 8 to {ID_LETTERS} of 0-9 and a-f", next_step=command
            )
        for plan in known:
            if plan.id.startswith(name) and (name or plan.destroy == destroy):
                return self._of_its_kind(plan, destroy=destroy)
        listed = ", ".join(plan.id for plan in known) or "none"
        raise BadInput(
            f"there is no plan {name}; plans that wait: {listed}".replace("plan ;", "plan;"), next_step=command
        )

    @staticmethod
    def _of_its_kind(plan: InfraPlan, *, destroy: bool) -> InfraPlan:
        if plan.destroy == destroy:
            return plan
        verb = "infra.destroy" if plan.destroy else "infra.apply"
        raise BadInput(
            f"the plan {plan.id} is for {verb}; nothing was touched", next_step=f"fab {verb} --plan {plan.id}"
        )

    def check(self, plan: InfraPlan) -> Path:
        """Give the file of a plan, unaltered. Raises Refused when it is another one, or gone."""
        path = self.file_of(plan)
        if not path.is_file():
            raise Refused(f"the file of the plan {plan.id} is gone; nothing was touched", next_step=AGAIN)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != plan.sha256:
            raise Refused(
                f"{path.name} was edited: its SHA-256 is {found[:ID_LETTERS]}…, and the plan has {plan.id}…; "
                "nothing was touched",
                next_step=AGAIN,
            )
        return path

    def drop(self, plan: InfraPlan) -> None:
        """Remove a plan that nobody asked for."""
        self.file_of(plan).unlink(missing_ok=True)
        self._note_of(plan.id).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all plans: the state has changed, and none of them could be applied any more."""
        for path in (*self.folder.glob("*.tfplan"), *self.folder.glob("*.json")):
            if _NAMED.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def _note_of(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    @staticmethod
    def _read(path: Path) -> InfraPlan | None:
        if not _NAMED.fullmatch(path.name):
            return None
        try:
            plan = InfraPlan.read(json.loads(path.read_text()))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return plan if plan.id == path.stem else None
