"""Who is compared: a command each, and how to tell what it says of the time that services took to be healthy."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench import hosts, measure, prepare
from lab import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
ANSIBLE = HERE / "ansible"
HEALTHY = re.compile(r"\b(web\d)\b.*healthy after ([\d.]+) s")


@dataclass(frozen=True)
class Contestant:
    """One way to do the same thing; what is run by Ansible leaves its SSH masters behind."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    leaves_masters: bool = False

    def run(self) -> measure.Cost:
        """Do it once, with new connections."""
        if not self.leaves_masters:
            return measure.run(self.argv, environment=self.environment)
        # Short, because a socket's path may have 108 letters, and new, because deploys are hours apart.
        with tempfile.TemporaryDirectory(prefix="bench-") as sockets:
            environment = {**self.environment, "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets}
            return measure.run(self.argv, environment=environment, after=lambda: _dismiss(Path(sockets)))


def deploys() -> list[Contestant]:
    """Name those who deploy."""
    release = hosts.NEXT
    digest = (paths.RELEASES / f"sanvi-{release}.tar.gz.sha256").read_text().split()[0]
    given = ["-e", f"release={release}", "-e", f"digest={digest}", "-e", f"rendered={prepare.RENDERED}"]
    return [
        Contestant("handrail, pyinfra", prepare.pyinfra("deploy", release=release)),
        Contestant("handrail, fab", prepare.fab("deploy", release, "--yes")),
        _ansible("ansible-playbook", str(ANSIBLE / "deploy.yml"), *given),
        _floor("deploy"),
    ]


def statuses() -> list[Contestant]:
    """Name those who look; what Ansible and the floor show is less: no health, no slots, no gate, no lease."""
    units = "systemctl show -p Id,ActiveState,SubState sanvi-* nginx.service postgresql.service redis-server.service"
    return [
        Contestant("handrail, fab", prepare.fab("status")),
        _ansible("ansible", "all", "--become", "-m", "command", "-a", units),
        _floor("status"),
    ]


def seconds_to_healthy(output: str) -> float:
    """Add up what the services' starts took: of each generation the slowest host, one generation after the other.

    The floor has no wait between the generations, so it tells one time for all of them.
    """
    starts: dict[str, list[float]] = defaultdict(list)
    for host, seconds in HEALTHY.findall(output):
        starts[host].append(float(seconds))
    return sum(max(generation) for generation in zip(*starts.values(), strict=True))


def _ansible(program: str, *arguments: str) -> Contestant:
    environment = {
        "ANSIBLE_CONFIG": str(ANSIBLE / "ansible.cfg"),
        "ANSIBLE_HOME": str(prepare.FOLDER / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
    }
    argv = [str(prepare.BIN / program), "-i", str(prepare.ANSIBLE_HOSTS), *arguments]
    return Contestant("Ansible", argv, environment, leaves_masters=True)


def _floor(verb: str) -> Contestant:
    return Contestant("floor", [sys.executable, str(HERE / "floor.py"), str(prepare.FLOOR_PLAN), verb])


def _dismiss(sockets: Path) -> None:
    for socket in sockets.iterdir():
        subprocess.run(
            ["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "host"], capture_output=True, check=False, timeout=10
        )


def in_turn(contestants: Sequence[Contestant], rounds: int) -> Iterator[tuple[int, Contestant]]:
    """Give everybody a turn in each round: whatever drifts on the machine meets all of them. Round 0 is not timed."""
    for number in range(rounds + 1):
        for contestant in contestants:
            yield number, contestant


@contextmanager
def memory_of(number: int) -> Iterator[measure.Memory | None]:
    """Look at memory in the round that is not timed."""
    if number:
        yield None
        return
    with measure.Memory() as memory:
        yield memory
