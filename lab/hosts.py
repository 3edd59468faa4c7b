"""The hosts of the lab, as one table."""

from __future__ import annotations

from dataclasses import dataclass

NETWORK = "handrail-lab"
# a corner of RFC 1918 that neither Docker's default pools nor usual offices use
SUBNET = "172.31.77.0/24"
LABEL = "handrail.lab=1"
# everything is published here only: a lab must not be reachable from outside
LOOPBACK = "127.0.0.1"
USER = "deploy"


@dataclass(frozen=True)
class Host:
    """One host: its place on the lab's network and its ports on loopback."""

    name: str
    role: str
    address: str
    ssh_port: int
    http_port: int | None = None

    @property
    def container(self) -> str:
        """Return the container's name."""
        return f"handrail-lab-{self.name}"

    @property
    def services(self) -> tuple[str, ...]:
        """Return the units that start with this host."""
        return SERVICES[self.role]


SERVICES: dict[str, tuple[str, ...]] = {
    "edge": ("nginx.service",),
    "web": (),
    "db": ("postgresql.service", "redis-server.service"),
}

HOSTS = (
    Host("edge", role="edge", address="172.31.77.10", ssh_port=2210, http_port=8080),
    Host("web1", role="web", address="172.31.77.11", ssh_port=2211),
    Host("web2", role="web", address="172.31.77.12", ssh_port=2212),
    Host("db", role="db", address="172.31.77.13", ssh_port=2213),
)


def named(name: str) -> Host:
    """Return one host of the table."""
    return next(host for host in HOSTS if host.name == name)


def with_role(role: str) -> tuple[Host, ...]:
    """Return the hosts of one role, in the table's order."""
    return tuple(host for host in HOSTS if host.role == role)
