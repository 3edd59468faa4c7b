"""Testinfra checks of any environment: `fab verify --inventory FILE`, or `pytest tests/verify --inventory=FILE`.

One SSH connection for each host, kept open for the whole run; host keys are checked as the inventory says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import testinfra

from handrail.control.connections import Connections
from handrail.control.inventory import Inventory, chosen, read
from handrail.control.look import Look, look

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from handrail.hosts.inventory import Loaded

SSH_CONFIG = """\
Host {name}
  HostName {hostname}
  Port {port}
  User {user}
  StrictHostKeyChecking {strict}
  ControlMaster auto
  ControlPersist 30s
  ControlPath {folder}/%C
  BatchMode yes
{extra}
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--inventory", help="inventory file; HANDRAIL_INVENTORY if left out")


def _inventory(config: pytest.Config) -> Inventory:
    return read(chosen(config.getoption("--inventory")))


def _roles(loaded: Loaded) -> dict[str, list[Any]]:
    environment = loaded.environment
    hosts = [host.name for host in environment.all_hosts]
    return {
        "any_host": hosts,
        "edge_host": [host.name for host in environment.edge_hosts],
        "service_on": [(host, service) for host in hosts for service in environment.services_on(host)],
        "datastore_on": [(host, store) for host in hosts for store in environment.datastores_on(host)],
    }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, values in _roles(_inventory(metafunc.config).load()).items():
        if name in metafunc.fixturenames:
            ids = [value if isinstance(value, str) else f"{value[0]}-{value[1].name}" for value in values]
            metafunc.parametrize(name, values, ids=ids)


@pytest.fixture(scope="session")
def inventory(request: pytest.FixtureRequest) -> Inventory:
    return _inventory(request.config)


@pytest.fixture(scope="session")
def system(inventory: Inventory) -> Any:
    return inventory.load().environment.system


@pytest.fixture(scope="session")
def seen(inventory: Inventory) -> Look:
    """What every host says of itself, read once."""
    with Connections(inventory) as connections:
        return look(inventory.load().environment, connections)


@pytest.fixture(scope="session")
def on(inventory: Inventory, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Give a function from a host's name to its Testinfra host."""
    folder = tmp_path_factory.mktemp("ssh")
    config = folder / "config"
    config.write_text("".join(_section(name, data, folder) for name, data in inventory.data.items()))
    known = {
        name: testinfra.get_host(f"ssh://{name}", ssh_config=str(config), sudo=bool(data.get("_sudo")))
        for name, data in inventory.data.items()
    }
    return known.__getitem__


def _section(name: str, data: Any, folder: Path) -> str:
    extra = []
    if data.get("ssh_key"):
        extra += [f"  IdentityFile {data['ssh_key']}", "  IdentitiesOnly yes"]
    if data.get("ssh_known_hosts_file"):
        extra.append(f"  UserKnownHostsFile {data['ssh_known_hosts_file']}")
    return SSH_CONFIG.format(
        name=name,
        hostname=data.get("ssh_hostname") or name,
        port=data.get("ssh_port") or 22,
        user=data.get("ssh_user") or "root",
        strict=data.get("ssh_strict_host_key_checking", "yes"),
        folder=folder,
        extra="\n".join(extra),
    )
