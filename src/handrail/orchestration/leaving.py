"""The exit code of pyinfra's process: handrail's own. pyinfra knows 0 and 1 alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NoReturn

# What pyinfra ends with when a host failed, and click when an error stopped it.
FAILED = 1
_codes: list[int] = []


def leave_with(code: int) -> None:
    """End the process with this code where it would end with 1; the first that says so is heard.

    Both pyinfra and click leave through `sys.exit`, after all is said and every connection is closed. What else is to
    be done at the exit is done as ever.
    """
    if code:
        _codes.append(code)
        sys.exit = _exit


def _exit(status: object = None, /) -> NoReturn:
    raise SystemExit(_codes[0] if status == FAILED else status)
