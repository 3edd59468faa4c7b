"""What was measured on: a figure without it says nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

PACKAGES = ("handrail", "pyinfra", "fabric", "paramiko", "asyncssh", "ansible-core", "rich")


def machine() -> dict[str, Any]:
    """Give the machine's size, the versions and the date."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 1024**3, 1),
        "python": platform.python_version(),
        "system": platform.system(),
        "load_before": round(os.getloadavg()[0], 2),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "versions": {name: version(name) for name in PACKAGES},
    }


def line(about: dict[str, Any]) -> str:
    """Say it in one line."""
    named = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (
        f"{about['date']}, {about['cores']} cores, {about['memory_gib']} GiB, Python {about['python']}, "
        f"load {about['load_before']}, the lab's hosts on the same machine; {named}"
    )
