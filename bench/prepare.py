"""Before anything is measured: inventories for each contestant, and the state that every deploy begins with."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from bench import hosts, measure, rendered
from lab import paths
from lab.hosts import HOSTS, LOOPBACK, USER

FOLDER = paths.ROOT / ".handrail" / "bench"
INVENTORIES = FOLDER / "inventories"
INVENTORY = INVENTORIES / "lab.py"
ANSIBLE_HOSTS = FOLDER / "hosts.yml"
RENDERED = FOLDER / "rendered"
FLOOR_PLAN = FOLDER / "floor.json"
# Waits that are there by design would hide what is measured; a system may do without both.
TIMES = {"drain": "0s", "bake": "0s", "confirm": "15s", "lease": "15s"}
BIN = Path(sys.executable).parent
# Once, its image is built; that takes minutes where the mirror is slow.
LAB_SECONDS = 1800


def prepare() -> None:
    """Make all of it. Bring the lab up by a process of its own: its engine is no part of what is measured."""
    subprocess.run([sys.executable, "-m", "lab", "up"], cwd=paths.ROOT, check=True, timeout=LAB_SECONDS)
    measure.adopt_orphans()
    hosts.with_python()
    FOLDER.mkdir(parents=True, exist_ok=True)
    _write_inventories()
    ANSIBLE_HOSTS.write_text(yaml.safe_dump(_ansible_hosts(), sort_keys=False))
    rendered.write_templates(RENDERED, INVENTORY)
    rendered.write_plan(FLOOR_PLAN, INVENTORY)
    _first_state()


def pyinfra(verb: str, **data: str) -> list[str]:
    """Spell the command that an operator types for pyinfra."""
    given = [word for key, value in data.items() for word in ("--data", f"{key}={value}")]
    return [str(BIN / "pyinfra"), "-y", str(INVENTORY.relative_to(paths.ROOT)), f"deploys/{verb}.py", *given]


def fab(*words: str) -> list[str]:
    """Spell the command that an operator types for fab."""
    return [str(BIN / "fab"), *words, "--inventory", str(INVENTORY.relative_to(paths.ROOT))]


def _write_inventories() -> None:
    """Copy the inventories, and take the times that are waits by design out of the system."""
    shutil.rmtree(INVENTORIES, ignore_errors=True)
    shutil.copytree(paths.ROOT / "inventories", INVENTORIES, ignore=shutil.ignore_patterns("__pycache__"))
    system = yaml.safe_load((INVENTORIES / "sanvi.yaml").read_text())
    lab = system["environments"]["lab"]
    lab["times"] = TIMES
    lab["release"]["artifact"] = f"{paths.RELEASES}/sanvi-${{version}}.tar.gz"
    lab["secrets"] = {name: {"file": str(paths.SECRETS / name)} for name in lab["secrets"]}
    (INVENTORIES / "sanvi.yaml").write_text(yaml.safe_dump(system, sort_keys=False))
    with (INVENTORIES / "group_data" / "lab.py").open("a") as data:
        data.write(f'\ninventory_folder = "{INVENTORIES}"\n')


def _ansible_hosts() -> dict[str, Any]:
    options = {
        "UserKnownHostsFile": paths.KNOWN_HOSTS,
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
    }
    everybody = {
        "ansible_host": LOOPBACK,
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(paths.OPERATOR_KEY),
        "ansible_ssh_common_args": "-F /dev/null " + " ".join(f"-o {key}={value}" for key, value in options.items()),
        # Looking for one would be a round trip to each host.
        "ansible_python_interpreter": "/usr/bin/python3",
        "lab": str(paths.RUNTIME),
    }
    groups: dict[str, Any] = {}
    for host in HOSTS:
        members = groups.setdefault(host.role, {"hosts": {}})["hosts"]
        members[host.name] = {"ansible_port": host.ssh_port, "address": host.address}
    return {"all": {"vars": everybody, "children": groups}}


def _first_state() -> None:
    """Deploy until 1.0.0 is live in blue and an older release stands warm in green, all by handrail itself."""
    if not hosts.live():
        measure.run(fab("startup", "--yes"))
    if hosts.live().startswith("green"):
        _to(hosts.LIVE)
    _to(hosts.OLD)
    _to(hosts.LIVE)
    hosts.go_back()


def _to(version: str) -> None:
    """Put a release in the idle slot and the traffic on it; a deploy of what is live would leave it where it is."""
    again = hosts.live().endswith(f" {version}")
    measure.run(fab("restart", "--yes") if again else fab("deploy", version, "--yes"))
