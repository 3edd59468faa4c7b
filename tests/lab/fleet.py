"""What the lab's hosts say of themselves, asked past handrail: through the engine and through the edge."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenacity import retry, retry_if_exception_message, stop_after_attempt, wait_fixed

from lab.docker import docker, shell
from lab.hosts import HOSTS, named

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = "/opt/sanvi"
RUN = "/run/handrail/sanvi"
EDGE = "http://127.0.0.1:8080"
WEB = ("web1", "web2")
NAMES = tuple(host.name for host in HOSTS)


@dataclass(frozen=True)
class Answer:
    """What a client got; status 0 means that nobody answered."""

    status: int
    release: str = ""
    body: str = ""

    @property
    def slot(self) -> str:
        """The slot that answered, as the backend tells."""
        return str(json.loads(self.body)["slot"])


class Fleet:
    """The four hosts."""

    def sh(self, host: str, script: str) -> str:
        """Run a script as root on a host and give what it printed."""
        return shell(named(host).container, script)

    def container(self, verb: str, host: str, *flags: str) -> None:
        """Pause, kill, start or restart a host; the kernel cannot freeze one that waits for a disk."""
        again = retry_if_exception_message(match=".*unable to freeze")
        retry(retry=again, wait=wait_fixed(1), stop=stop_after_attempt(5))(docker)(verb, *flags, named(host).container)

    def ask(self, path: str = "/api/version", *, at: str = EDGE) -> Answer:
        """Ask as a client does."""
        try:
            with urllib.request.urlopen(f"{at}{path}", timeout=10) as response:  # noqa: S310  # loopback or the lab's network
                return Answer(response.status, response.headers.get("X-Release", ""), response.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers.get("X-Release", ""), error.read().decode(errors="replace"))
        except OSError:
            return Answer(0)

    def served(self, *, at: str = EDGE) -> str:
        """Give the release that the edge serves."""
        return self.ask(at=at).release

    def files(self, host: str, pattern: str) -> set[str]:
        """List files by a shell pattern, by their last names."""
        found = self.sh(host, f'for path in {pattern}; do [ ! -e "$path" ] || echo "${{path##*/}}"; done')
        return set(found.split())

    def unconfirmed(self, edge: str = "edge") -> set[str]:
        """List the gate files on tmpfs: cutovers and shares that nobody has confirmed."""
        return self.files(edge, f"{RUN}/blue {RUN}/green {RUN}/blue.[0-9]* {RUN}/green.[0-9]*")

    def record(self, edge: str = "edge") -> str:
        """Give the slot that an edge has confirmed, on disk."""
        on_disk = self.files(edge, f"{ROOT}/gate/green")
        return "green" if on_disk else "blue"

    def timers(self, host: str) -> list[str]:
        """List the timers that would send a host back."""
        listed = self.sh(host, "systemctl list-units --no-legend --plain 'handrail-*.timer'")
        return [line.split()[0] for line in listed.splitlines()]

    def leases(self) -> dict[str, str]:
        """Name the holder of the lease of each host that has one."""
        texts = {host: self.sh(host, f"cat {RUN}/lease 2>/dev/null || :") for host in NAMES}
        return {host: text.split("\t")[3] for host, text in texts.items() if text}

    def fences(self) -> dict[str, int]:
        """Give the highest token that each host has seen."""
        return {host: int(self.sh(host, f"cat {ROOT}/lease/fence 2>/dev/null || echo 0")) for host in NAMES}

    def running(self, host: str) -> set[str]:
        """List the services that run, such as backend@blue."""
        listed = self.sh(host, "systemctl list-units --no-legend --plain --state=active 'sanvi-*.service'")
        return {line.split()[0].removeprefix("sanvi-").removesuffix(".service") for line in listed.splitlines()}

    def slots_running(self) -> dict[str, set[str]]:
        """List the slots of each web host in which anything runs."""
        return {host: {unit.split("@")[1] for unit in self.running(host)} for host in WEB}

    def releases(self, host: str) -> set[str]:
        """List the versions of the releases on a host, half unpacked ones with their dot."""
        return {name.rsplit("-", 1)[0] for name in self.files(host, f"{ROOT}/releases/* {ROOT}/releases/.[!.]*")}

    def good(self, host: str) -> list[str]:
        """List the versions of the good releases on a host."""
        return [line.rsplit("-", 1)[0] for line in self.sh(host, f"cat {ROOT}/good 2>/dev/null || :").split()]

    def journal(self, host: str) -> list[dict[str, Any]]:
        """Read the lines that runs have left on a host."""
        return [json.loads(line) for line in self.sh(host, f"cat {ROOT}/journal 2>/dev/null || :").splitlines()]

    def records(self, host: str) -> list[tuple[str, str, str]]:
        """List the runs that a host knows of: verb, change, outcome."""
        entries = [entry for entry in self.journal(host) if "record" in entry]
        return [(entry["record"], entry["what"], entry["outcome"]) for entry in entries]

    def snapshot(self) -> dict[str, str]:
        """Give all that a run may change on each host, leases and logs aside, to be compared with a later one."""
        script = (
            f"ls -l --time-style=full-iso {ROOT}/slots {ROOT}/gate 2>/dev/null || :\n"
            f"ls -A {ROOT}/releases {RUN} 2>/dev/null | grep -v lease || :\n"
            "systemctl show -p Id,MainPID,ActiveState 'sanvi-*' 'handrail-*' nginx postgresql redis-server\n"
            "cat /etc/systemd/system/sanvi-* /etc/nginx/conf.d/* 2>/dev/null | sha256sum\n"
            f"cat {ROOT}/lease/fence 2>/dev/null || :\n"
        )
        return {host: self.sh(host, script) for host in NAMES}

    def eventually(self, what: str, condition: Callable[[], bool], *, seconds: float = 60) -> float:
        """Wait until something is true; give how long that took."""
        began = time.monotonic()
        while not condition():
            assert time.monotonic() - began < seconds, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.4)
        return time.monotonic() - began

    def consistent(self, release: str, edge: str = "edge") -> bool:
        """Whether an edge serves one release and nothing is left that could change that."""
        return not self.unconfirmed(edge) and not self.timers(edge) and self.served() == release

    def leases_expired(self) -> bool:
        """Whether the next run may begin: each lease that is left is older than it lives."""
        script = (
            f"[ -f {RUN}/lease ] || exit 0\n"
            "read -r up _ </proc/uptime\n"
            f'[ "$(cut -f2 {RUN}/lease)" -le "${{up%.*}}${{up#*.}}" ] || echo held\n'
        )
        return not any(self.sh(host, script) for host in NAMES)
