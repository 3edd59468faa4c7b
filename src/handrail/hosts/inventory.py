"""Inventories: which hosts an environment has, checked against every system that it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handrail.errors import InventoryInvalid
from handrail.model.document import parse
from handrail.model.environment import Environment, Host
from handrail.model.inventory import check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Loaded:
    """An environment and the directory that its system's YAML is in: paths in it are relative to that."""

    environment: Environment
    base: Path


def load_environment(
    groups: Mapping[str, Iterable[tuple[str, str]]],
    *,
    name: str,
    systems: tuple[str, ...],
    folder: Path,
    only: str = "",
) -> Loaded:
    """Read the systems of an inventory, check them together, and give the one that is meant, by default the first.

    `groups` are the inventory's: name and address of each host. Raises SystemInvalid or InventoryInvalid.
    """
    hosts = {group: tuple(Host(*each) for each in members) for group, members in groups.items()}
    loaded = [_load(folder / file, name, hosts) for file in systems]
    check([each.environment for each in loaded])
    for each in loaded:
        if not only or each.environment.system.name == only:
            return each
    known = ", ".join(each.environment.system.name for each in loaded)
    raise InventoryInvalid(
        f"the inventory {name} has no system {only!r}; it has {known}", next_step="name one of those"
    )


def _load(path: Path, name: str, hosts: Mapping[str, tuple[Host, ...]]) -> Loaded:
    if not path.is_file():
        raise InventoryInvalid(f"there is no {path}", next_step="correct `systems` in group_data/<environment>.py")
    system = parse(path.read_text(), source=str(path), environment=name)
    return Loaded(Environment(name, system, hosts), path.parent)
