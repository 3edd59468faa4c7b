"""Free the disk of a host: exactly what `fab disk` names there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.hosts.disk import FREE_SECONDS, free_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Command
    from handrail.model.step import Step
    from handrail.orchestration.run import Run


def clean(run: Run, step: Step, host: str) -> Sequence[Command]:
    """Free what nothing needs any more."""
    return [run.fenced(["disk", "disk_free"], free_arguments(run.environment, host), seconds=FREE_SECONDS)]
