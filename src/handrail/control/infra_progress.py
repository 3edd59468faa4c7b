"""Terraform's events as lines on standard error, while it works."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Callable

DOING = {"create": "adding", "update": "changing", "delete": "destroying", "replace": "replacing"}
DONE = {"create": "added", "update": "changed", "delete": "destroyed"}


def line(event: dict[str, Any]) -> str:
    """Say one event in one line; nothing of what nobody has to know."""
    hook = event.get("hook", {})
    address, action = hook.get("resource", {}).get("addr", ""), hook.get("action", "")
    match event.get("type"):
        case "apply_start":
            return f"… {DOING.get(action, action)} {address}"
        case "apply_progress":
            return f"… still {DOING.get(action, action)} {address} ({hook.get('elapsed_seconds', 0)} s)"
        case "apply_complete":
            return f"✓ {DONE.get(action, action)} {address} ({hook.get('elapsed_seconds', 0)} s)"
        case "apply_errored":
            return f"✗ {address} failed"
        case "diagnostic" if event.get("@level") == "error":
            return f"✗ {event['diagnostic'].get('summary', '')}"
        case "interrupted":
            return str(event["@message"])
    return ""


def teller(*, quiet: bool) -> Callable[[dict[str, Any]], None]:
    """Give what shows events to whoever looks; with `quiet` nobody does."""
    console = Console(stderr=True, highlight=False)

    def tell(event: dict[str, Any]) -> None:
        text = "" if quiet else line(event)
        if text:
            console.print(escape(text), soft_wrap=True)

    return tell
