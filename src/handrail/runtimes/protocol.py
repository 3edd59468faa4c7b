"""What a runtime can do: turn a service in a slot into commands, and output into states. It runs nothing itself."""

from __future__ import annotations

import shlex
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


Place = tuple[str, "Slot", int]
"""A service, a slot, and the number of an instance."""


@dataclass(frozen=True)
class Instance:
    """One copy of one service in one slot of one system on one host."""

    system: str
    root: str
    service: Service
    slot: Slot
    number: int = 1

    @property
    def place(self) -> Place:
        """Which of a host's instances it is."""
        return self.service.name, self.slot, self.number

    @property
    def name(self) -> str:
        """Its name within the slot: `backend`, the second one `backend.2`. Names of services hold no dot."""
        return self.service.name if self.number == 1 else f"{self.service.name}.{self.number}"

    @property
    def process(self) -> str:
        """Its name among everything that runs on a host: `sanvi-backend-blue`."""
        return f"{self.system}-{self.name}-{self.slot}"

    @property
    def port(self) -> int:
        """Port of the host that it listens on."""
        return self.service.port(self.slot, self.number)

    @property
    def container_port(self) -> int:
        """Port that it listens on inside its container."""
        return self.service.container_port or self.port

    @property
    def environment_file(self) -> str:
        """Where its variables are, readable by root alone: they hold secrets."""
        return f"{self.root}/env/{self.slot}/{self.name}.env"

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
    owner: str = "root"

    def __repr__(self) -> str:
        return f"File({self.path!r}, {len(self.text)} characters, mode={self.mode:o})"


def transient(instance: Instance, deadline: timedelta) -> Argv:
    """Begin a command as the service's user in a transient unit that ends by its deadline.

    Never a second one beside one that has not ended; what ignores its end is killed before the lock is free.
    """
    return (
        "systemd-run", "--quiet", "--wait", "--pipe", "--collect",
        f"--uid={instance.service.user}", f"--unit={instance.process}.once",
        f"--property=RuntimeMaxSec={int(deadline.total_seconds())}", "--property=TimeoutStopSec=5",
    )  # fmt: skip


def in_directory(instance: Instance) -> str:
    """Give the shell text that runs the command in "$@" in the release, as the service's user."""
    user, directory = shlex.quote(instance.service.user), shlex.quote(instance.directory)
    return f'(cd {directory} && exec runuser -u {user} -- "$@")'


class Runtime(Protocol):
    """The verbs of a runtime; each returns commands as argv pieces, or reads what one printed."""

    def usable(self, instances: Sequence[Instance]) -> Argv:
        """Exit 0 when the runtime works on this host; else say in one line what is the matter."""

    def prepare(self, service: Service, *, system: str, version: str) -> tuple[Argv, ...]:
        """Make a staged release ready to be started; run as root in its directory, with its name in $RELEASE."""

    def files(self, instance: Instance) -> tuple[File, ...]:
        """List the files that make the service known to the runtime."""

    def environment(
        self, instance: Instance, variables: Mapping[str, str], secrets: Mapping[str, str] | None = None
    ) -> File:
        """Write its variables as the runtime reads them; `secrets` are all of the system by name."""

    def reload(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Make the runtime read its files again."""

    def start(self, instance: Instance) -> tuple[Argv, ...]:
        """Start it unless it runs, and have it started again at boot."""

    def stop(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Stop them gracefully; it is no error when one is not running or was never made."""

    def stay_down(self, instances: Sequence[Instance]) -> tuple[Argv, ...]:
        """Have what was stopped for good stay down at boot; nothing where a stop does that."""

    def died(self, instance: Instance) -> Argv:
        """Exit 0 when it will not come up any more: there is no use in waiting for its health.

        Restarts count from `$RESTARTS`, which is what `restarts` printed when the wait began; 0 if it is not set.
        """

    def restarts(self, instance: Instance) -> Argv:
        """Print how often it was started again by itself since it was made; `start` may leave alone what was."""

    def pid(self, instance: Instance) -> Argv:
        """Print the process number that the host knows its program by; 0 when it does not run."""

    def status(self, instances: Sequence[Instance]) -> Argv:
        """Print the state of each."""

    def states(self, output: str, instances: Sequence[Instance]) -> Mapping[Place, UnitState]:
        """Read what `status` printed; an instance that the runtime does not know is left out."""

    def log(self, instance: Instance, *, lines: int) -> Argv:
        """Print the last lines that it logged, and what the runtime itself says of its end."""

    def read_log(self, instances: Sequence[Instance], *, since: str, lines: int, follow: bool) -> Argv:
        """Print lines, each after its time in seconds since 1970 or as RFC 3339.

        `since` is empty, an age such as 2h, or a date.
        """

    def run_once(self, instance: Instance, command: Argv, deadline: timedelta) -> Argv:
        """Run another command of the release as the service would run: its user, directory and variables."""

    def inside(self, instance: Instance) -> str:
        """Give the shell text that runs the command in "$@" where its program is, as the program's user."""

    def reopen_logs(self, services: Sequence[Service], *, root: str) -> Argv:
        """Open log files again after they were moved aside; nothing when its services log to no files."""
