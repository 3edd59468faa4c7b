"""A plan of Terraform that was filed: what it was made of, what it does, and how change control sees it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Enough of a digest to name a plan; all of it is what is approved.
ID_LETTERS = 12


@dataclass(frozen=True)
class InfraPlan:
    """One plan file, by its digest.

    `commit` and `code` say which Terraform files it was made of, `variables` which description, `lineage` and `serial`
    which state. `counts`, `steps` and `loses` are the summary.
    """

    sha256: str
    commit: str
    code: str
    variables: str
    lineage: str
    serial: int
    destroy: bool
    counts: str
    steps: tuple[str, ...]
    loses: tuple[str, ...]

    @property
    def id(self) -> str:
        """What it is called on a command line."""
        return self.sha256[:ID_LETTERS]

    def json(self) -> dict[str, Any]:
        """Give it for its file."""
        return asdict(self) | {"steps": list(self.steps), "loses": list(self.loses)}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> InfraPlan:
        """Make it of what its file says. Raises KeyError, TypeError or ValueError where that is no plan."""
        kept = {field.name: said[field.name] for field in fields(cls)}
        return cls(**kept | {"steps": tuple(map(str, said["steps"])), "loses": tuple(map(str, said["loses"]))})

    def change(self, verb: str, *, destroy_data: bool) -> dict[str, Any]:
        """Write down what an apply would do, in the shape of every change's plan: an approval is for this one file."""
        options = {"plan": self.id, "destroy_data": destroy_data}
        return {
            "verb": verb,
            "release": {"version": "", "sha256": ""},
            "options": {name: value for name, value in options.items() if value},
            "hosts": {},
            "steps": list(self.steps),
            "description": {
                "code": self.code, "commit": self.commit, "plan file": self.sha256,
                "state": f"serial {self.serial} of {self.lineage}", "variables": self.variables,
            },
        }  # fmt: skip
