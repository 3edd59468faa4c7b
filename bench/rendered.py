"""What handrail would write on the hosts, written down for the others: all do the same work with the same bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bench import hosts
from handrail.control.inventory import read
from handrail.hosts.bundle import bundle
from handrail.model.slot import Slot
from handrail.runtimes import RUNTIMES
from handrail.runtimes.protocol import File, Instance
from handrail.secrets import resolve_all
from handrail.traffic import nginx
from lab import paths
from lab.hosts import HOSTS, LOOPBACK, USER

if TYPE_CHECKING:
    from pathlib import Path

    from handrail.model.environment import Environment


def write_templates(folder: Path, inventory: Path) -> None:
    """Write the edge's configuration and the units for Ansible, as templates; its environments are its own."""
    environment = read(inventory).load().environment
    folder.mkdir(exist_ok=True)
    (folder / "site.conf").write_text(_site(environment).text)
    for service in environment.system.services.values():
        one = Instance(environment.system.name, environment.system.root, service, Slot.BLUE)
        for file in RUNTIMES[service.runtime].files(one):
            (folder / file.path.rpartition("/")[2]).write_text(file.text)


def write_plan(path: Path, inventory: Path) -> None:
    """Say beforehand all that can be said, for the floor, which renders nothing."""
    loaded = read(inventory).load()
    environment = loaded.environment
    secrets = resolve_all(environment.system.secrets, base=loaded.base)
    clear = {name: secret.reveal() for name, secret in secrets.items()}
    artifact = paths.RELEASES / f"sanvi-{hosts.NEXT}.tar.gz"
    site = _site(environment)
    plan: dict[str, Any] = {
        "user": USER,
        "address": LOOPBACK,
        "key": str(paths.OPERATOR_KEY),
        "known_hosts": str(paths.KNOWN_HOSTS),
        "ports": {host.name: host.ssh_port for host in HOSTS},
        "artifact": str(artifact),
        "digest": artifact.with_name(f"{artifact.name}.sha256").read_text().split()[0],
        "version": hosts.NEXT,
        "web_files": {slot: bundle(_web_files(environment, slot, clear)) for slot in Slot},
        "edge_files": bundle([File(site.path, site.text)]),
    }
    # It holds secrets: for this user alone.
    path.touch(mode=0o600)
    path.write_text(json.dumps(plan))


def _site(environment: Environment) -> nginx.Site:
    system = environment.system
    addresses = {name: [host.address for host in environment.service_hosts(name)] for name in system.services}
    peers = [host.address for host in environment.edge_hosts]
    return nginx.site(system, run_directory=hosts.RUN, addresses=addresses, peers=peers)


def _web_files(environment: Environment, slot: Slot, secrets: dict[str, str]) -> list[File]:
    system, files = environment.system, []
    for service in system.services.values():
        one, runtime = Instance(system.name, system.root, service, slot), RUNTIMES[service.runtime]
        variables = environment.variables(service, slot, hosts.NEXT)
        clear = {name: value if isinstance(value, str) else secrets[value.secret] for name, value in variables.items()}
        files += [*runtime.files(one), runtime.environment(one, clear)]
    return files
