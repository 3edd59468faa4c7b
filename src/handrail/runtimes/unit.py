"""What has no slots: datastores and the edge. A release does not touch them; startup and shutdown do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from handrail.model.host_state import UnitState
    from handrail.runtimes.protocol import Argv, File


@dataclass(frozen=True)
class Unit:
    """One of them: its name in the description, and what its runtime calls it."""

    system: str
    root: str
    name: str
    unit: str = ""

    @property
    def folder(self) -> str:
        """Where its files are on a host."""
        return f"{self.root}/compose"


class Units(Protocol):
    """The verbs of a runtime for units; each returns a command as argv pieces, or reads what one printed."""

    def usable(self) -> Argv:
        """Exit 0 when the runtime works on this host; else say in one line what is the matter."""

    def files(
        self, unit: Unit, *, text: str, variables: Mapping[str, str], mounts: Mapping[str, str]
    ) -> tuple[File, ...]:
        """List the files that make it known: `text` is its compose file, `variables` fill what stands open there.

        `mounts` are directories of the host and where it must see them; it writes to those below /var/log alone.
        """

    def start(self, unit: Unit) -> Argv:
        """Start it unless it runs, and have it started at boot; exit 77 when it ran already."""

    def stop(self, unit: Unit) -> Argv:
        """Stop it; it is no error when it is not running."""

    def runs(self, unit: Unit) -> Argv:
        """Exit 0 when it runs; a runtime that does not answer runs nothing."""

    def status(self, units: Sequence[Unit]) -> Argv:
        """Print the state of each."""

    def states(self, output: str, units: Sequence[Unit]) -> Mapping[str, UnitState]:
        """Read what `status` printed, by the units' names."""

    def inside(self, unit: Unit) -> str:
        """Give the shell text that runs the command in "$@" where the unit's own programs are."""

    def log(self, unit: Unit, *, lines: int) -> Argv:
        """Print its last lines."""

    def read_log(self, unit: Unit, *, since: str, lines: int, follow: bool) -> Argv:
        """Print lines, each after its time; see `Runtime.read_log`."""
