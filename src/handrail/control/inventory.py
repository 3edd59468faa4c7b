"""Read an inventory file as pyinfra does, without pyinfra: its import takes longer than most tasks."""

from __future__ import annotations

import os
import runpy
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import InventoryInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.hosts.inventory import Loaded

VARIABLE = "HANDRAIL_INVENTORY"


@dataclass(frozen=True)
class Inventory:
    """An inventory file: its groups of host names, and the data of each host."""

    path: Path
    groups: Mapping[str, tuple[str, ...]]
    data: Mapping[str, Mapping[str, Any]]

    def load(self, *, only: str = "") -> Loaded:
        """Read and check the systems of this inventory, and give the one that is meant: by name, or by the variable."""
        from handrail.hosts.inventory import host_of, load_environment  # noqa: PLC0415  # 0.15 s that `--yes` saves
        from handrail.hosts.variable import SYSTEM_VARIABLE  # noqa: PLC0415  # likewise

        first = next(iter(self.data.values()), {})
        for key in ("environment", "systems"):
            if not first.get(key):
                raise InventoryInvalid(
                    f"{self.path} has no {key!r}", next_step=f"set {key} in group_data/{self.path.stem}.py"
                )
        groups = {name: [host_of(host, self.data[host]) for host in hosts] for name, hosts in self.groups.items()}
        return load_environment(
            groups,
            name=first["environment"],
            systems=tuple(first["systems"]),
            folder=self.folder,
            only=only or os.environ.get(SYSTEM_VARIABLE, ""),
        )

    @property
    def folder(self) -> Path:
        """Where the systems' YAML files are: beside the inventory, or where its data says, as seen from there."""
        from handrail.hosts.inventory import folder_of  # noqa: PLC0415  # 0.15 s that `--yes` saves

        first = next(iter(self.data.values()), {})
        return folder_of(self.path, first.get("inventory_folder") or "")


def chosen(path: str | None) -> Path:
    """Give the inventory that was named, or the one in HANDRAIL_INVENTORY."""
    text = path or os.environ.get(VARIABLE, "")
    known = ", ".join(sorted(str(file) for file in Path("inventories").glob("*.py"))) or "none here"
    if not text:
        raise InventoryInvalid(
            f"which inventory? there are: {known}", next_step=f"add --inventory FILE, or export {VARIABLE}=FILE"
        )
    if not Path(text).is_file():
        raise InventoryInvalid(f"there is no inventory {text}; there are: {known}", next_step="name one of those")
    return Path(text)


def read(path: Path) -> Inventory:
    """Read an inventory file and its group_data; a host's own data goes before its groups', those before `all`'s."""
    groups: dict[str, tuple[str, ...]] = {}
    own: dict[str, dict[str, Any]] = {}
    inline: dict[str, dict[str, Any]] = {}
    for name, value in _executed(path).items():
        if name.startswith("_") or not isinstance(value, list | tuple):
            continue
        members, inline[name] = (
            value if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], dict) else (value, {})
        )
        pairs = [(entry, {}) if isinstance(entry, str) else entry for entry in members]
        groups[name] = tuple(host for host, _ in pairs)
        for host, extra in pairs:
            own.setdefault(host, {}).update(extra)
    everybody = tuple(own)
    groups.setdefault(path.stem, everybody)
    groups.setdefault("all", everybody)
    files = _group_data(path)
    data: dict[str, dict[str, Any]] = {}
    for host in everybody:
        merged: dict[str, Any] = {}
        for group in ("all", *(name for name in groups if name != "all")):
            if host in groups[group]:
                merged |= inline.get(group, {}) | files.get(group, {})
        data[host] = merged | own[host]
    return Inventory(path, groups, data)


def _group_data(path: Path) -> dict[str, dict[str, Any]]:
    return {file.stem: _executed(file) for file in sorted((path.parent / "group_data").glob("*.py"))}


def _executed(path: Path) -> dict[str, Any]:
    # pyinfra has the working directory on its path, so inventories may import from there.
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    try:
        names = runpy.run_path(str(path))
    except Exception as error:
        raise InventoryInvalid(
            f"{path} cannot be read: {type(error).__name__}: {error}", next_step=f"python {path}"
        ) from error
    return {name: value for name, value in names.items() if not name.startswith("__")}
