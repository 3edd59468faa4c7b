"""The gate: what must be true before anything is touched. Every entry point passes through here.

Windows, freezes, approvals and checklists belong in `RULES`; a rule returns nothing or raises `errors.Refused`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handrail.model.environment import Environment
    from handrail.model.intent import Intent
Rule = Callable[["Environment", "Intent"], None]

RULES: tuple[Rule, ...] = ()


def check(environment: Environment, intent: Intent) -> None:
    """Ask every rule; the first that says no ends the run with exit code 3."""
    for rule in RULES:
        rule(environment, intent)
