"""A lab system as the operator sees it: its inventory, the hosts in it, and where its edge answers."""

from __future__ import annotations

from pathlib import Path

from lab.hosts import DEFAULT, LOOPBACK, SYSTEMS, with_role


def group(role: str, system: str) -> list[tuple[str, dict[str, str | int]]]:
    """List a system's hosts of one role; they log in on loopback and reach each other on the lab's network."""
    return [
        (host.name, {"ssh_hostname": LOOPBACK, "ssh_port": host.ssh_port, "address": host.address})
        for host in with_role(role, system)
    ]


def file(system: str) -> Path:
    """Return the system's inventory, for whoever works in the repository's root."""
    return Path("inventories/lab.py") if system == DEFAULT else Path(f"inventories/{system}/lab.py")


def url(system: str) -> str:
    """Return where the edge answers on this machine."""
    port = next(host.http_port for host in SYSTEMS[system] if host.http_port)
    return f"http://{LOOPBACK}:{port}"
