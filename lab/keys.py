"""Keys made before the hosts exist, so that the very first login checks the host's key strictly."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from lab import paths
from lab.hosts import LOOPBACK, USER, Host, everywhere

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def make(hosts: Iterable[Host]) -> None:
    """Make the operator's key, one key for each host, and the known_hosts file; keep those that exist."""
    paths.HOST_KEYS.mkdir(parents=True, exist_ok=True)
    _make(paths.OPERATOR_KEY, "operator@handrail-lab")
    for host in hosts:
        _make(host_key(host), f"root@{host.name}")
    known = (host for host in everywhere() if host_key(host).exists())
    lines = (f"[{LOOPBACK}]:{host.ssh_port} {_public(host_key(host))}\n" for host in known)
    paths.KNOWN_HOSTS.write_text("".join(lines))


def host_key(host: Host) -> Path:
    """Return the file with a host's private key."""
    return paths.HOST_KEYS / f"{host.name}_ed25519"


def ssh(host: Host, *command: str) -> list[str]:
    """Return the argv that runs a command on a host as the operator, refusing a host key that is not ours."""
    options = {
        "BatchMode": "yes",
        "ConnectTimeout": "5",
        "IdentitiesOnly": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(paths.KNOWN_HOSTS),
        "GlobalKnownHostsFile": "/dev/null",
    }
    flags = [flag for key, value in options.items() for flag in ("-o", f"{key}={value}")]
    where = ["-F", "/dev/null", "-i", str(paths.OPERATOR_KEY), "-p", str(host.ssh_port), f"{USER}@{LOOPBACK}"]
    return ["ssh", *flags, *where, *command]


def _make(path: Path, comment: str) -> None:
    if path.exists():
        return
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)], check=True, timeout=10
    )


def _public(path: Path) -> str:
    return " ".join(path.with_name(f"{path.name}.pub").read_text().split()[:2])
