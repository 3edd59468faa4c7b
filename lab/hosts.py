"""The hosts of the lab, as one table for each system."""

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
    """One host: what it is for, its place on the lab's network and its ports on loopback."""

    name: str
    system: str
    roles: tuple[str, ...]
    address: str
    ssh_port: int
    http_port: int | None = None

    @property
    def container(self) -> str:
        """Return the container's name."""
        return f"handrail-lab-{self.name}"

    @property
    def role(self) -> str:
        """Return what it is for in the first place."""
        return self.roles[0]

    @property
    def services(self) -> tuple[str, ...]:
        """Return the units that start with this host."""
        return tuple(unit for role in self.roles for unit in SERVICES.get(role, ()))

    @property
    def neighbours(self) -> tuple[Host, ...]:
        """Return all hosts of its system, itself included."""
        return SYSTEMS[self.system]


# Other roles start nothing by themselves. `web`, `app`: what handrail puts there; `pm2`: PM2 is installed; `compose`:
# images of datastores and nginx besides that of Node, which every host with the role `docker` has.
SERVICES: dict[str, tuple[str, ...]] = {
    "edge": ("nginx.service",),
    "db": ("postgresql.service",),
    "cache": ("redis-server.service",),
    "docker": ("docker.service",),
}

SYSTEMS: dict[str, tuple[Host, ...]] = {
    "sanvi": (
        Host("edge", "sanvi", ("edge",), "172.31.77.10", ssh_port=2210, http_port=8080),
        Host("web1", "sanvi", ("web",), "172.31.77.11", ssh_port=2211),
        Host("web2", "sanvi", ("web",), "172.31.77.12", ssh_port=2212),
        Host("db", "sanvi", ("db", "cache"), "172.31.77.13", ssh_port=2213),
    ),
    "vendhub": (
        Host(
            "vendhub1",
            "vendhub",
            ("app", "edge", "db", "cache", "pm2"),
            "172.31.77.20",
            ssh_port=2220,
            http_port=8081,
        ),
    ),
    "inventory": (
        Host("inventory1", "inventory", ("app", "edge", "docker"), "172.31.77.30", ssh_port=2230, http_port=8082),
        Host("inventory2", "inventory", ("app", "docker"), "172.31.77.31", ssh_port=2231),
        Host("inventorydb", "inventory", ("db",), "172.31.77.32", ssh_port=2232),
    ),
    "marketplace": (
        Host("market1", "marketplace", ("app", "docker", "compose"), "172.31.77.40", ssh_port=2240, http_port=8083),
    ),
}

DEFAULT = "sanvi"
# the first system's hosts, which most tests and the benchmarks use
HOSTS = SYSTEMS[DEFAULT]


def everywhere() -> tuple[Host, ...]:
    """Return the hosts of all systems."""
    return tuple(host for hosts in SYSTEMS.values() for host in hosts)


def named(name: str) -> Host:
    """Return one host of the table."""
    return next(host for host in everywhere() if host.name == name)


def with_role(role: str, system: str = DEFAULT) -> tuple[Host, ...]:
    """Return a system's hosts of one role, in the table's order."""
    return tuple(host for host in SYSTEMS[system] if role in host.roles)
