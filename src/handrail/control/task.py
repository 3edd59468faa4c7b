"""What tasks have in common: an inventory to open, a question before something changes, and an exit code at the end."""

from __future__ import annotations

import json
import sys
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from handrail.control import show, tables
from handrail.control.connections import Connections
from handrail.control.inventory import Inventory, chosen, read
from handrail.errors import BadInput, HandrailError

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


def exits(verb: Callable[P, int]) -> Callable[P, None]:
    """Turn a verb's result and its errors into the exit code of the task."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = verb(*args, **kwargs)
        except HandrailError as error:
            if kwargs.get("as_json"):
                sys.stdout.write(
                    json.dumps({"exit_code": error.exit_code, "outcome": type(error).__name__, "text": str(error)})
                    + "\n"
                )
            else:
                show.error(error)
            code = error.exit_code
        except BrokenPipeError:  # somebody reads with `head`
            code = 0
        sys.stdout.flush()
        sys.exit(code)

    return run


def whole(option: str, written: str, *, least: int, most: int = 1_000_000, next_step: str) -> int:
    """Read a whole number that was typed.

    Raises BadInput for anything else; where a task has a number as its default, Invoke ends with a traceback.
    """
    number = int(written) if written.isascii() and written.isdigit() and len(written) <= len(str(most)) else -1
    if not least <= number <= most:
        raise BadInput(f"{option} {written}; allowed: a whole number from {least} to {most}", next_step=next_step)
    return number


def opened(path: str | None) -> Inventory:
    """Read the inventory that was named."""
    return read(chosen(path))


def changed(verb: str, inventory: str | None, data: dict[str, str], *, as_json: bool, yes: bool, dry_run: bool) -> int:
    """Run a verb that changes something, after a question unless told not to ask, and give its exit code."""
    from handrail.control.change import change  # noqa: PLC0415  # each verb imports what it needs
    from handrail.control.progress import Progress  # noqa: PLC0415

    here = opened(inventory)
    if dry_run or not yes:
        preview = _preview(here, verb, data)
        if dry_run:
            tables.preview(preview, as_json=as_json)
            return 0
        if not sys.stdin.isatty():
            raise BadInput(
                f"{verb} changes {here.path.stem}, and nobody can be asked",
                next_step="add --yes, or --dry-run to look first",
            )
        tables.preview(preview, as_json=False, aside=as_json)
        if not show.confirmed():
            raise BadInput("not confirmed; nothing was touched")
    title = " ".join(word for word in (verb, data.get("release", ""), "on", here.path.stem) if word)
    end = change(verb, here.path, data, Progress(title, quiet=as_json))
    show.end(end, as_json=as_json)
    return end.exit_code


def _preview(here: Inventory, verb: str, data: dict[str, str]) -> dict[str, Any]:
    from handrail.control.preview import preview  # noqa: PLC0415

    with Connections(here) as connections:
        return preview(here, connections, verb, data)
