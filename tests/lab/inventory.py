"""Inventories of the lab that differ from the one that is shipped in a few values, or in who is an edge."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

from tests.lab.controller import INVENTORY, ROOT

if TYPE_CHECKING:
    from pathlib import Path

# The shortest times that a system may have: tests wait for them again and again.
QUICK = {"times": {"drain": "1s", "bake": "1s", "confirm": "12s", "lease": "10s"}}
CONFIRM_SECONDS = 12
LEASE_SECONDS = 10
# The other edges' timers are due this much later than the first one's.
LATE_SECONDS = 5


def inventory(folder: Path, changes: Mapping[str, Any], *, second_edge: bool = False, system: str = "sanvi") -> Path:
    """Copy the lab's inventory, lay changes over the system's YAML, and give the file for pyinfra."""
    copy = folder / "inventories"
    shutil.copytree(INVENTORY.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".handrail").symlink_to(ROOT / ".handrail")
    described = yaml.safe_load((copy / f"{system}.yaml").read_text())
    lay(described["environments"]["lab"], changes)
    (copy / f"{system}.yaml").write_text(yaml.safe_dump(described, sort_keys=False))
    if second_edge:
        text = (copy / "lab.py").read_text()
        (copy / "lab.py").write_text(f"{text}edge.append(next(host for host in web if host[0] == 'web2'))\n")
    return copy / "lab.py" if system == "sanvi" else copy / system / "lab.py"


def lay(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    """Lay one mapping over another, key by key, as an environment is laid over a system."""
    for key, value in over.items():
        if isinstance(value, Mapping):
            under[key] = under.get(key) or {}
            lay(under[key], value)
        else:
            under[key] = value
