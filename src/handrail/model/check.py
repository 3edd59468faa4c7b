"""Checks: what `fab check` looks at each day, week and month."""

from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import Field

from handrail.errors import BadInput
from handrail.model.finding import near
from handrail.model.value import Value

Check = Literal[
    "services", "health", "traffic", "errors", "connections", "cache", "disk", "memory", "cpu", "backups", "largest",
    "certificates", "updates",
]  # fmt: skip
"""What can be checked; see docs/how-to/check.md."""


class Checks(Value):
    """Names of checks, in the order in which they are shown."""

    daily: tuple[Check, ...] = Field(
        default=(
            "services", "health", "disk", "memory", "cpu", "traffic", "errors", "connections", "cache", "backups",
            "certificates",
        ),
        min_length=1, description="`fab check daily`: whether everything works, and what last night left.",
    )  # fmt: skip
    weekly: tuple[Check, ...] = Field(
        default=("services", "disk", "largest", "traffic", "errors", "connections", "cache", "backups", "certificates"),
        min_length=1, description="`fab check weekly`: performance, and what fills the disks.",
    )  # fmt: skip
    monthly: tuple[Check, ...] = Field(
        default=("cpu", "memory", "disk", "largest", "connections", "cache", "backups"),
        min_length=1, description="`fab check monthly`: whether the hosts are still large enough.",
    )  # fmt: skip

    def by_period(self) -> Mapping[str, tuple[Check, ...]]:
        """Give the lists by the words that `fab check` knows."""
        return {"daily": self.daily, "weekly": self.weekly, "monthly": self.monthly}

    def named(self, words: str) -> tuple[Check, ...]:
        """Give the checks of words such as `daily` or `disk,errors`, each once. Raises BadInput for unknown ones."""
        lists: dict[str, tuple[Check, ...]] = {**self.by_period(), **{name: (name,) for name in get_args(Check)}}
        asked = words.split(",")
        for word in asked:
            if word not in lists:
                close = near(word, lists)
                hint = f"; did you mean {close}?" if close else ""
                raise BadInput(f"fab check {word}; allowed: {', '.join(lists)}{hint}", next_step="fab check daily")
        return tuple(dict.fromkeys(name for word in asked for name in lists[word]))
