"""Containers that behave like hosts: systemd as the first process, a fixed address, back after `reboot`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from lab.docker import docker
from lab.errors import LabError
from lab.hosts import LABEL, LOOPBACK, NETWORK, SUBNET, Host
from lab.seed import seed

SPEC = "handrail.lab.spec"

# systemd as PID 1 mounts file systems and makes cgroups; the default profiles forbid both.
# --privileged would do, but is refused on machines that have given up a capability.
SYSTEMD_FLAGS = (
    "--cap-add=SYS_ADMIN",
    "--cap-add=NET_ADMIN",
    # root of a real host sees whose process has a port open, and `docker exec` enters containers of other users
    "--cap-add=SYS_PTRACE",
    "--security-opt=seccomp=unconfined",
    "--security-opt=apparmor=unconfined",
    "--cgroupns=host",
    "--tmpfs=/run",
    "--tmpfs=/tmp",
    "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw",
    # `reboot` ends the container; the engine starts it again
    "--restart=always",
    # what systemd prints on its console is in the journal as well
    "--log-opt=max-size=1m",
)


@dataclass(frozen=True)
class Container:
    """A container of the lab as the engine sees it."""

    name: str
    state: str
    spec: str


def make_network() -> None:
    """Make the lab's own network, unless it is there."""
    if not docker("network", "ls", "-q", "--filter", f"name=^{NETWORK}$"):
        docker("network", "create", "--label", LABEL, "--subnet", SUBNET, NETWORK)


def remove_network() -> None:
    """Remove every network that the lab has made."""
    for network in docker("network", "ls", "-q", "--filter", f"label={LABEL}").split():
        docker("network", "rm", network)


def remove_volumes() -> None:
    """Remove every volume that the lab has made."""
    for volume in docker("volume", "ls", "-q", "--filter", f"label={LABEL}").split():
        docker("volume", "rm", volume)


def listed() -> list[Container]:
    """Return all containers that carry the lab's label, running or not."""
    template = f'{{{{.Names}}}}\t{{{{.State}}}}\t{{{{.Label "{SPEC}"}}}}'
    lines = docker("ps", "--all", "--filter", f"label={LABEL}", "--format", template).splitlines()
    return [Container(*line.split("\t")) for line in lines]


def spec(host: Host, image: str) -> str:
    """Name what a container is made from: a container with another spec is not this host."""
    return hashlib.sha256(repr((host, image, SYSTEMD_FLAGS, host.neighbours)).encode() + seed(host)).hexdigest()[:16]


def start(host: Host, image: str) -> None:
    """Create one host's container, put its files in, start it."""
    ports = [f"--publish={LOOPBACK}:{host.ssh_port}:22"]
    if host.http_port:
        ports.append(f"--publish={LOOPBACK}:{host.http_port}:80")
    docker(
        "create",
        f"--name={host.container}",
        f"--hostname={host.name}",
        f"--label={LABEL}",
        f"--label={SPEC}={spec(host, image)}",
        f"--network={NETWORK}",
        f"--ip={host.address}",
        # names must resolve while the other host is down, so they are in /etc/hosts rather than in Docker's DNS
        *(f"--add-host={other.name}:{other.address}" for other in host.neighbours if other != host),
        *ports,
        *_volumes(host),
        *SYSTEMD_FLAGS,
        image,
    )
    docker("cp", "-", f"{host.container}:/", stdin=seed(host))
    docker("start", host.container)


def remove(name: str) -> None:
    """Remove a container, whatever state it is in; images that it holds stay for the next one of its name."""
    try:
        docker("rm", "--force", "--volumes", name)
    except LabError as refused:
        if "No such container" not in str(refused) and "already in progress" not in str(refused):
            raise


def _volumes(host: Host) -> list[str]:
    """Make the volume of a host with Docker: its engine cannot put layers on the layers of ours."""
    if "docker" not in host.roles:
        return []
    volume = f"{host.container}-docker"
    docker("volume", "create", "--label", LABEL, volume)
    return [f"--volume={volume}:/var/lib/docker"]
