"""Every error that handrail raises on purpose, on one page.

    HandrailError             1  failed; the fleet is back on the old release
    ├── HostUnreachable       1  a host did not answer before anything was touched
    ├── ArtifactCorrupt       1  the artifact's bytes do not have the digest that was promised
    ├── BadInput              2  nothing was touched
    │   ├── SystemInvalid     2  the system's YAML is wrong; carries every problem at once
    │   ├── InventoryInvalid  2  the inventory does not fit the system
    │   ├── ReleaseUnknown    2  no artifact, no digest or no earlier release by that name
    │   └── SecretMissing     2  a secret that the system refers to cannot be read
    ├── Refused               3  a rule, a document or the journal said no; nothing was touched
    ├── LeaseHeld             4  another change holds the lease
    └── FleetMixed            5  the fleet is mixed or unknown; the report names the hosts

An error says what happened and where in its message, and what to do next in `next_step`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class HandrailError(Exception):
    """Anything that ends a run; `exit_code` is what the shell sees."""

    exit_code = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.next_step}" if self.next_step else self.message


class HostUnreachable(HandrailError):
    """A host did not answer before anything was touched."""


class ArtifactCorrupt(HandrailError):
    """The artifact does not have the digest that was promised for it."""


class BadInput(HandrailError):
    """What was asked for cannot be done as written; nothing was touched."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a file: where, under which key, what stands there, what may stand there."""

    file: str
    line: int
    key: str
    found: str
    allowed: str
    suggestion: str = ""

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"{self.file}:{self.line}: {self.key}: found {self.found}; allowed: {self.allowed}{hint}"


class SystemInvalid(BadInput):
    """The system's YAML is wrong; `problems` holds all that was found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = f"{self.problems[0].file}: {count} problem{'s' if count != 1 else ''}"
        super().__init__(
            "\n".join([heading, *(f"  {problem}" for problem in self.problems)]),
            next_step="mend the lines above; docs/reference/system.md lists every key",
        )


class InventoryInvalid(BadInput):
    """The inventory does not fit the system that it is for."""


class ReleaseUnknown(BadInput):
    """There is no artifact, no digest or no earlier release by that name."""


class SecretMissing(BadInput):
    """A secret that the system refers to cannot be read. Its value is never part of the message."""


class Refused(HandrailError):
    """A rule said no, a document would not count, or the journal cannot be used; nothing was touched."""

    exit_code = 3


class LeaseHeld(HandrailError):
    """Another change holds the lease of this system; the message names its holder."""

    exit_code = 4


class FleetMixed(HandrailError):
    """Hosts serve different releases, or it is unknown what they serve; the message names them."""

    exit_code = 5
