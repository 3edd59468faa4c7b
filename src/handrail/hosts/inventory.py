"""Inventories: which hosts an environment has, checked against every system that it runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from handrail.errors import InventoryInvalid
from handrail.hosts.variable import ON_AWS, SYSTEM_VARIABLE
from handrail.model.document import parse
from handrail.model.environment import Environment, Host
from handrail.model.inventory import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Data(Protocol):
    """The data of a host: a mapping, or pyinfra's own."""

    def get(self, key: str, /) -> Any:
        """Give a value; None where there is none."""


@dataclass(frozen=True)
class Loaded:
    """An environment and the directory that its system's YAML is in: paths in it are relative to that."""

    environment: Environment
    base: Path


def folder_of(file: Path, told: str = "") -> Path:
    """Give the folder of the systems' YAML: beside the inventory file, or where its data says, as seen from there."""
    return Path(os.path.normpath(file.parent / told))


def host_of(name: str, data: Data) -> Host:
    """Make a host of its name and its data, alike for pyinfra and for `fab`: both give one plan."""
    told, port = data.get("ssh_hostname") or "", data.get("ssh_port")
    reached = f"[{told}]" if ":" in str(told) else str(told)
    address = data.get("address") or told or name.removeprefix(ON_AWS)
    return Host(name, str(address), f"{reached}:{port}" if port else reached)


def load_environment(
    groups: Mapping[str, Iterable[Host]],
    *,
    name: str,
    systems: tuple[str, ...],
    folder: Path,
    only: str = "",
) -> Loaded:
    """Read the systems of an inventory, check them together, and give the one that is meant.

    `groups` are the inventory's, each host made by `host_of`. Raises SystemInvalid or InventoryInvalid, also when
    there are several systems and none was named: a guess would change the wrong one.
    """
    hosts = {group: tuple(members) for group, members in groups.items()}
    loaded = [_load(folder / file, name, hosts) for file in systems]
    check([each.environment for each in loaded])
    meant = [each for each in loaded if only in {"", each.environment.system.name}]
    if len(meant) == 1:
        return meant[0]
    known = ", ".join(each.environment.system.name for each in loaded)
    raise InventoryInvalid(
        f"which system? found {only or 'none'!r}; the inventory {name} has {known}",
        next_step=f"export {SYSTEM_VARIABLE}=NAME, or with pyinfra: --data system=NAME",
    )


def _load(path: Path, name: str, hosts: Mapping[str, tuple[Host, ...]]) -> Loaded:
    if not path.is_file():
        raise InventoryInvalid(f"there is no {path}", next_step="correct `systems` in group_data/<environment>.py")
    system = parse(path.read_text(), source=str(path), environment=name)
    return Loaded(Environment(name, system, hosts), path.parent)
