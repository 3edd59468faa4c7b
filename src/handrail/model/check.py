"""Checks: what `fab check` looks at each day, week and month."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from handrail.model.value import Value

Check = Literal[
    "services", "health", "traffic", "errors", "connections", "cache", "disk", "memory", "cpu", "backups", "largest",
]  # fmt: skip
"""What can be checked; see docs/how-to/check.md."""


class Checks(Value):
    """Names of checks, in the order in which they are shown."""

    daily: tuple[Check, ...] = Field(
        default=(
            "services", "health", "disk", "memory", "cpu", "traffic", "errors", "connections", "cache", "backups",
        ),
        min_length=1, description="`fab check daily`: whether everything works, and what last night left.",
    )  # fmt: skip
    weekly: tuple[Check, ...] = Field(
        default=("services", "disk", "largest", "traffic", "errors", "connections", "cache", "backups"),
        min_length=1, description="`fab check weekly`: performance, and what fills the disks.",
    )  # fmt: skip
    monthly: tuple[Check, ...] = Field(
        default=("cpu", "memory", "disk", "largest", "connections", "cache", "backups"),
        min_length=1, description="`fab check monthly`: whether the hosts are still large enough.",
    )  # fmt: skip

    def by_period(self) -> Mapping[str, tuple[Check, ...]]:
        """Give the lists by the words that `fab check` knows."""
        return {"daily": self.daily, "weekly": self.weekly, "monthly": self.monthly}
