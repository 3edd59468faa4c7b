"""What must be installed before anything of AWS can be asked."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec

from handrail.errors import BadInput

LEAST = "1.11"


def check() -> None:
    """Raise BadInput where Terraform, or what calls it, is not there."""
    if shutil.which("terraform") is None:
        raise BadInput(
            f"there is no program terraform on the PATH; {LEAST} or newer is needed; nothing was touched",
            next_step="install Terraform, or put its folder on the PATH; terraform version",
        )
    check_extra()


def check_extra() -> None:
    """Raise BadInput where the extra for AWS is not installed."""
    missing = [name for name in ("boto3", "python_terraform") if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"{' and '.join(missing)} cannot be imported: the extra for AWS is not installed; nothing was touched",
            next_step="pip install 'handrail[aws]'",
        )


def check_version(written: str, *, here: str) -> None:
    """Raise BadInput where a newer Terraform wrote the state: this one would take it, and may not know all of it."""
    if _minor(written) > _minor(here):
        raise BadInput(
            f"the state was written by Terraform {written}, and {here} is installed; nothing was touched",
            next_step=f"install Terraform {written} or newer; terraform version",
        )


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", version)[:2])
