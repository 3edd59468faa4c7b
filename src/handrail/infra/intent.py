"""From the words of a command to a plan of Terraform that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.infra.shelf import Shelf
from handrail.infra.workspace import Workspace
from handrail.model.intent import Intent, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from handrail.model.environment import Environment


def infra_intent(verb: Verb, data: Mapping[str, str], environment: Environment, *, base: Path) -> Intent:
    """Find the plan that is meant. Raises BadInput where it loses data and nobody said that it may."""
    plan = Shelf(Workspace(environment, base).folder).find(data.get("plan", ""), destroy=verb is Verb.DESTROY)
    may = data.get("destroy_data", "").lower() in {"1", "true", "yes"}
    if plan.loses and not may:
        raise BadInput(
            f"the plan {plan.id} loses data: {'; '.join(plan.loses)}; nothing was touched",
            next_step="add --destroy-data if that is meant; it is a part of what is approved",
        )
    return Intent(verb, infra=plan, destroy_data=bool(plan.loses))
