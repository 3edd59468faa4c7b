"""One step of one run on one cluster: what every deed is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handrail.ecs.cluster import Cluster
    from handrail.model.step import Step
    from handrail.orchestration.run import Run


@dataclass(frozen=True)
class At:
    """Where a run is."""

    run: Run
    cluster: Cluster
    step: Step
