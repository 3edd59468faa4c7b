"""Certificates of the edge: put there, served, proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.model.tls import alternative_names
from handrail.orchestration.commands.unit import inside_edge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handrail.hosts.script import Command
    from handrail.orchestration.run import Run


def placeholders(run: Run) -> Sequence[Command]:
    """Make a certificate that says what it is, where one never came."""
    system = run.environment.system
    if system.edge.tls is None:
        return []
    pairs = [(each.name, alternative_names(each.names)) for each in system.edge.tls.certificates.values()]
    arguments = (inside_edge(system), *(word for pair in pairs for word in pair))
    return [run.fenced(["tls", "placeholder"], arguments)]
