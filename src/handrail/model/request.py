"""What an operator says of a change, beside what it does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """`change` names the one that allows the run; without it one is looked for that has the same plan.

    `inventory` is what a command has to name as its inventory, and `with_digest` whether it has to name the digest of
    the release: what is to be typed next is to mean the same.
    """

    change: str = ""
    emergency: bool = False
    reason: str = ""
    inventory: str = ""
    with_digest: bool = False
