"""Packages that a host could update, as `apt-get -s upgrade` tells of them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

# `Inst NAME [INSTALLED] (OFFERED ORIGIN, ORIGIN [ARCHITECTURE]) [what is broken meanwhile]`; one that is new to
# the host has nothing installed, and one from a folder without a Release file has no origin.
_INST = re.compile(
    r"Inst (?P<name>\S+)(?: \[(?P<current>[^\]]+)\])? \((?P<version>[^\s)]+)(?P<origin>[^)\[]*)(?:\[[^\]]*\])?\).*"
)
# Debian-Security:12/stable-security, Ubuntu:22.04/jammy-security, UbuntuESM:22.04/jammy-infra-security.
_SECURITY = "security"


@dataclass(frozen=True)
class Package:
    """One package: what is installed, nothing if it comes along with another, what is offered, and by whom."""

    name: str
    current: str
    version: str
    origin: str = ""

    @property
    def security(self) -> bool:
        """Whether somebody offers it as an update for security."""
        return _SECURITY in self.origin.lower()

    @property
    def change(self) -> str:
        """Say it in a few words."""
        return f"{self.name} {self.current or 'new'} -> {self.version}"

    def json(self) -> dict[str, Any]:
        """Give it for machines."""
        return asdict(self) | {"security": self.security}


def read_packages(lines: Iterable[str]) -> tuple[Package, ...]:
    """Read what apt would install, in its order; raises BadInput where a line of it cannot be read.

    An update that is not understood must not be one that is not there.
    """
    return tuple(_package(line) for line in lines if line.startswith("Inst"))


def _package(line: str) -> Package:
    found = _INST.fullmatch(line.rstrip())
    if found is None:
        raise BadInput(f"apt says {line[:200]!r}, which nobody understands", next_step="apt-get -s upgrade there")
    return Package(found["name"], found["current"] or "", found["version"], found["origin"].strip())


def to_apply(packages: Iterable[Package], *, every: bool) -> tuple[Package, ...]:
    """Choose what is asked for: those for security, or all. What is new to the host comes along with those."""
    return tuple(each for each in packages if each.current and (every or each.security))
