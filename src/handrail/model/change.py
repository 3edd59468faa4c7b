"""A change: its request, all documents that were filed for it, and its runs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from handrail.model.canonical import digest
from handrail.model.signed import Document, Type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from handrail.model.person import Person

# Outcomes of a run (model/verdict.py) after which all is as it was asked for.
GOOD = frozenset({"done", "unchanged"})
# A run that was refused has touched nothing.
NO_RUN = frozenset({"refused", "Refused"})
# Of a run whose end nobody saw, or after which the fleet is not known.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class ChangeRun:
    """A run of a change, as it was filed. Not signed: the journal has the proof."""

    run: str
    outcome: str
    at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether it did what was asked for."""
        return self.outcome in GOOD

    @property
    def touched(self) -> bool:
        """Whether it was more than a refusal."""
        return self.outcome not in NO_RUN

    @property
    def ended(self) -> bool:
        """Whether it touched something, and it is known what came of it."""
        return self.touched and self.outcome != UNKNOWN


@dataclass(frozen=True)
class Change:
    """A change. Its request is whole, and signed by somebody who may request."""

    id: str
    request: Document
    documents: tuple[Document, ...] = ()
    runs: tuple[ChangeRun, ...] = ()

    @property
    def type(self) -> Type:
        """How it is judged."""
        return Type(self.request["type"])

    @property
    def requester(self) -> Person:
        """Who requested it."""
        if self.request.person is None:
            raise ValueError(f"{self.id} has no requester")
        return self.request.person

    @property
    def plan(self) -> Mapping[str, Any]:
        """What it will do."""
        plan: Mapping[str, Any] = self.request["plan"]
        return plan

    @cached_property
    def plan_digest(self) -> str:
        """The digest that approvals name."""
        return digest(self.plan)

    @cached_property
    def request_digest(self) -> str:
        """The digest of line 1 of the request, which all that is said of the change names."""
        return digest(self.request.payload)

    def with_runs(self, runs: Sequence[ChangeRun]) -> Change:
        """Add runs that the journal knows and the folder may lack.

        The journal's word counts, unless it has none: it may not have heard yet how a run ended that it takes for lost.
        """
        known = {run.run: run for run in self.runs}
        for run in runs:
            if not (run.run in known and known[run.run].ended and run.outcome == UNKNOWN):
                known[run.run] = run
        return replace(self, runs=tuple(known.values()))
