"""What a runtime can do: turn a service in a slot into commands, and output into states. It runs nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from handrail.model.host_state import UnitState
    from handrail.model.service import Service
    from handrail.model.slot import Slot

Argv = Sequence[str]


@dataclass(frozen=True)
class Instance:
    """One service in one slot of one system."""

    system: str
    root: str
    service: Service
    slot: Slot

    @property
    def environment_file(self) -> str:
        """Where its variables are, readable by root alone: they hold secrets."""
        return f"{self.root}/env/{self.slot}/{self.service.name}.env"

    @property
    def directory(self) -> str:
        """Where it runs: inside the release that its slot holds."""
        inside = "" if self.service.directory == "." else f"/{self.service.directory}"
        return f"{self.root}/slots/{self.slot}{inside}"


@dataclass(frozen=True)
class File:
    """A file to be put on a host."""

    path: str
    text: str
    mode: int = 0o644

    def __repr__(self) -> str:
        return f"File({self.path!r}, {len(self.text)} characters, mode={self.mode:o})"


class Runtime(Protocol):
    """The verbs of a runtime; each returns a command as argv pieces."""

    def files(self, instance: Instance) -> tuple[File, ...]:
        """List the files that make the service known to the runtime."""

    def environment(self, instance: Instance, variables: Mapping[str, str]) -> File:
        """Write its variables as the runtime reads them."""

    def reload(self) -> Argv:
        """Make the runtime read its files again."""

    def start(self, instance: Instance) -> tuple[Argv, ...]:
        """Start it, and have it started again at boot."""

    def stop(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Stop them gracefully; it is no error when one is not running."""

    def died(self, instance: Instance) -> Argv:
        """Exit 0 when it will not come up any more: there is no use in waiting for its health."""

    def status(self, instances: Sequence[Instance]) -> Argv:
        """Print the state of each."""

    def states(self, output: str, instances: Sequence[Instance]) -> Mapping[tuple[str, Slot], UnitState]:
        """Read what `status` printed."""

    def log(self, instance: Instance, *, lines: int) -> Argv:
        """Print the last lines that it logged."""

    def read_log(self, instances: Sequence[Instance], *, since: str, lines: int, follow: bool) -> Argv:
        """Print lines, each after its time in seconds since 1970; `since` is empty, an age such as 2h, or a date."""

    def run_once(self, instance: Instance, command: Argv, deadline: timedelta) -> Argv:
        """Run another command of the release as the service would run: its user, directory and variables."""
