"""The order of pyinfra's operations: by the lines that call them, as pyinfra has it, without a look at their source.

pyinfra asks `inspect.stack()` for every operation on every host, which finds and reads the source of every frame: of
what a run computes it was two fifths, in front of its first step.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pyinfra
from pyinfra.api.util import PYINFRA_INSTALL_DIR

if TYPE_CHECKING:
    from types import FrameType

    from pyinfra.api.state import State


def order_by_lines() -> None:
    """Have pyinfra order operations so; it does no harm to do it again."""
    # By its name in the package this module is the decorator that it defines.
    import_module("pyinfra.api.operation").get_operation_order_from_stack = lines  # type: ignore[attr-defined]


def lines(state: State) -> list[int]:
    """Give the number of the deploy file, then the line of each frame from that file on, without pyinfra's own."""
    frames: list[tuple[str, int]] = []
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # inspect.currentframe() is this, too
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    frames.reverse()
    files, deploy = [file for file, _ in frames], state.current_deploy_filename
    if deploy:
        frames = frames[files.index(deploy) :] if deploy in files else []
    number = [state.current_op_file_number] if pyinfra.is_cli else []
    return [*number, *(line for file, line in frames if not file.startswith(PYINFRA_INSTALL_DIR))]
