"""A system on its lab hosts: what every runtime must be able to do is tried on one of these."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from handrail.control.connections import Connections
from handrail.control.inventory import read
from handrail.control.look import Look, look
from handrail.control.status import status
from handrail.hosts.script import shell_line
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES
from handrail.runtimes.protocol import Instance
from lab.docker import docker, shell
from lab.hosts import SYSTEMS, named
from tests import started
from tests.lab.controller import ROOT, Controller
from tests.lab.inventory import inventory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

# Releases that have nothing wrong with them; see lab/releases.py.
GOOD = ("1.0.0", "1.1.0", "1.5.0")


@dataclass(eq=False)
class Subject:
    """A system that stands for its runtime: `scaled` is a service of it that may have several instances."""

    runtime: str
    system: str
    scaled: str
    first: str
    # Tests that its runtime cannot be tried with, by name, to the reason.
    cannot: ClassVar[Mapping[str, str]] = {}

    @property
    def inventory(self) -> Path:
        """Its inventory of the lab."""
        folder = ROOT / "inventories"
        return folder / "lab.py" if self.system == "sanvi" else folder / self.system / "lab.py"

    @cached_property
    def url(self) -> str:
        """Where its edge is published on loopback."""
        port = next(host.http_port for host in SYSTEMS[self.system] if host.http_port)
        return f"http://127.0.0.1:{port}"

    @property
    def paths(self) -> dict[str, int]:
        """What clients ask for; a system without a frontend has no page."""
        return {"/api/version": 2, "/api/items": 1} | ({} if self.system == "vendhub" else {"/": 1})

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its hosts by name."""
        return tuple(host.name for host in SYSTEMS[self.system])

    @property
    def service_hosts(self) -> tuple[str, ...]:
        """Its hosts that run services."""
        return tuple(host.name for host in SYSTEMS[self.system] if {"web", "app"} & set(host.roles))

    @property
    def edge(self) -> str:
        """Its edge."""
        return next(host.name for host in SYSTEMS[self.system] if host.http_port)

    def sh(self, host: str, script: str) -> str:
        """Run a script as root on a host and give what it printed."""
        return shell(named(host).container, script)

    def reboot(self, host: str) -> None:
        """Restart a host, as a power failure does."""
        docker("restart", "--time=0", named(host).container)

    def kill(self, slot: str, host: str) -> None:
        """Kill the program of its first service in a slot of a host, as the kernel does; it is started again."""
        pid = shell_line([RUNTIMES[self.runtime].pid(self.instance(slot))])
        self.sh(host, f"kill -KILL $({pid})")

    def begin(self, verb: str, inventory: Path | None = None, **data: str) -> Controller:
        """Begin a change in a process of its own."""
        return Controller(verb, inventory=inventory or self.inventory, **data)

    def run(self, verb: str, inventory: Path | None = None, **data: str) -> Controller:
        """Run a change to its end, which must be a good one."""
        controller = self.begin(verb, inventory, **data)
        assert controller.wait() == 0, f"{controller.end}\n{controller.output()}"
        return controller

    def fab(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a task."""
        line = [str(Path(sys.executable).with_name("fab")), *words, "--inventory", str(self.inventory)]
        return started.run(line, cwd=ROOT, timeout=180)

    def fab_lines(self, *words: str) -> subprocess.Popen[str]:
        """Begin a task that prints a line after the other; it is ended after a minute at the latest."""
        task = [str(Path(sys.executable).with_name("fab")), *words, "--inventory", str(self.inventory)]
        line = ["timeout", "60", *task]
        return subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @cached_property
    def connections(self) -> Connections:
        """Connections that stay: tests ask all the time, and a new one costs a host more than the answer."""
        return Connections(read(self.inventory))

    def status(self) -> dict[str, Any]:
        """Give what `fab status` shows, without a process for each question."""
        seen = self._look()
        if seen.lost:  # a host was restarted meanwhile: what was connected to it may not know yet
            self.connections.__exit__(None, None, None)
            del self.connections
            seen = self._look()
        return dict(json.loads(json.dumps(status(seen))))

    def _look(self) -> Look:
        return look(self.connections.inventory.load().environment, self.connections)

    def served(self, path: str = "/api/version") -> str:
        """Give the release that the edge serves; empty when it does not answer with 200."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as response:  # noqa: S310  # loopback
                response.read()
                return str(response.headers.get("X-Release", ""))
        except (urllib.error.HTTPError, OSError):
            return ""

    def other(self) -> str:
        """Name a good release that is not served."""
        served = self.served()
        return next(release for release in GOOD if release != served)

    def fresh(self) -> str:
        """Name a good release that no slot holds, so that a deploy of it goes through every step."""
        held = {row["version"] for row in self.status()["services"]}
        return next(release for release in GOOD if release not in held)

    def eventually(self, what: str, condition: Callable[[], bool], *, seconds: float = 60) -> float:
        """Wait until something is true; give how long that took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.5)
        return time.monotonic() - began

    def pending(self) -> bool:
        """Tell whether a cutover waits to be confirmed, or a share of the traffic goes elsewhere."""
        folder = f"/run/handrail/{self.system}"
        found = f"ls {folder}/blue {folder}/green {folder}/blue.* {folder}/green.* 2>/dev/null || :"
        return bool(self.sh(self.edge, found).strip())

    def instance(self, slot: str) -> Instance:
        """Name the first instance of its first service in a slot."""
        described = read(self.inventory).load().environment.system
        return Instance(described.name, described.root, described.services[self.first], Slot(slot))

    def stop(self, slot: str, host: str) -> None:
        """Stop its first service in a slot of a host, past handrail."""
        self.sh(host, shell_line(RUNTIMES[self.runtime].stop([self.instance(slot)])))

    def crash(self, slot: str, host: str, *, times: int) -> None:
        """Kill its first service in a slot of a host, and have its runtime start it again, so many times."""
        self.sh(
            host,
            f"{self._pid(slot)}for _ in $(seq {times}); do old=$(pid) && kill -KILL $old\n"
            'until now=$(pid) && [ "$now" != 0 ] && [ "$now" != "$old" ]; do sleep 0.1; done; done',
        )

    def signal(self, slot: str, host: str, name: str) -> None:
        """Send its first service in a slot of a host a signal; in a container that is the program below the first."""
        self.sh(host, f"{self._pid(slot)}first=$(pid); kill -{name} $first $(pgrep -P $first)")

    def _pid(self, slot: str) -> str:
        line = shell_line([RUNTIMES[self.runtime].pid(self.instance(slot))])
        return f"pid() {{ {line}; }}\n"

    def bring_up(self) -> None:
        """Bring its hosts up."""
        line = [sys.executable, "-m", "lab", "up", "--system", self.system]
        subprocess.run(line, cwd=ROOT, check=True, timeout=290)

    def take_down(self) -> None:
        """Leave its hosts up: other tests use them, too."""

    def at_home(self) -> AbstractContextManager[None]:
        """Have what it needs of the environment while the block runs."""
        return nullcontext()

    def described(self, folder: Path, changes: Mapping[str, Any]) -> Path:
        """Copy its inventory with changes in its YAML."""
        return inventory(folder, changes, system=self.system)

    def make_good(self) -> None:
        """See that a good release is live, brought there by the system's own verbs."""
        if self.is_good():
            return
        for host in self.hosts:  # a run may have been killed by a test that is over
            self.sh(host, f"rm -f /run/handrail/{self.system}/lease*")
        self.run("startup")
        self.run("deploy", release=GOOD[0])
        assert self.is_good(), self.status()

    def is_good(self) -> bool:
        """Whether a good release is live and healthy everywhere, and nothing is held or unfinished."""
        if self.served() not in GOOD:
            return False
        seen = self.status()
        live = [row for row in seen["services"] if row["live"]]
        calm = seen["consistent"] and not seen["leases"] and not any(edge["held"] for edge in seen["edges"])
        return bool(calm and all(row["healthy"] for row in live if row["instance"] == 1))

    def running(self) -> int:
        """Count the instances that run, of the service that is scaled, in the live slot of one host."""
        rows = self.status()["services"]
        host = self.service_hosts[0]
        mine = [row for row in rows if (row["host"], row["service"], row["live"]) == (host, self.scaled, True)]
        return sum(row["running"] for row in mine)


HOSTED = (
    Subject("systemd", "sanvi", scaled="frontend", first="backend"),
    Subject("pm2", "vendhub", scaled="api", first="api"),
    Subject("docker", "inventory", scaled="api", first="api"),
    Subject("compose", "marketplace", scaled="backend", first="backend"),
)


def named_subject(runtime: str) -> Subject:
    """Bring up the system that stands for a runtime, and see that a good release is live."""
    subject = next(one for one in HOSTED if one.runtime == runtime)
    subject.bring_up()
    subject.make_good()
    return subject
