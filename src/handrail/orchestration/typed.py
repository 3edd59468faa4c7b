"""What pyinfra itself was told on its command line: which inventory, and nothing that reads others in its place.

The rules come from the inventory file, group_data/ beside it, and the YAML that these name: those are reviewed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handrail.errors import BadInput, InventoryInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

# pyinfra's options that read other files in the place of those, or before them.
ELSEWHERE = {"group_data": "--group-data", "chdir": "--chdir", "config_filename": "--config"}
DEFAULTS: Mapping[str, Any] = {"config_filename": "config.py"}
# Names the inventory for `fab`.
VARIABLE = "HANDRAIL_INVENTORY"
GROUP_DATA = "group_data"


def inventory_file() -> Path:
    """Give the inventory file.

    Raises BadInput where data comes from elsewhere than from beside it; InventoryInvalid where it is no file.
    """
    from pyinfra_cli.cli import cli  # noqa: PLC0415  # patches the standard library, which pyinfra's process has done

    # Parsed anew: click keeps what it has read for the thread that read it, and every host is loaded in one of its own.
    told = cli.make_context("pyinfra", sys.argv[1:], resilient_parsing=True).params
    for name, option in ELSEWHERE.items():
        if told.get(name) and told[name] != DEFAULTS.get(name):
            raise elsewhere(option)
    file = Path(told.get("inventory") or "")
    if not file.is_file():
        raise InventoryInvalid(
            f"the inventory {file} is no file; nothing was touched", next_step="name one: pyinfra inventories/prod.py …"
        )
    own, here = file.parent / GROUP_DATA, Path(GROUP_DATA)
    if here.resolve() != own.resolve() and any(here.glob("*.py")):
        raise elsewhere(f"{here.resolve()}, of the folder that this was started in,")
    return file


def own_folder(folder: Path, *, given: str) -> Path:
    """Give the folder of the systems' YAML back; raises BadInput where a command line names another."""
    if given and Path(given).resolve() != folder.resolve():
        raise elsewhere("--data inventory_folder")
    return folder


def named(file: Path) -> str:
    """Say how a command has to name this inventory; not at all where the variable does."""
    return "" if os.environ.get(VARIABLE) == str(file) else str(file)


def elsewhere(what: str) -> BadInput:
    """Say that it was refused: what these hosts are judged by was reviewed, and this was not."""
    return BadInput(
        f"{what} would put these hosts under the rules of others, or others in their place; nothing was touched",
        next_step="leave it out; what holds for these hosts stands beside the inventory, where it is reviewed",
    )
