"""The types of pyinfra's own arguments, read once in a run.

pyinfra reads them for every operation on every host out of annotations that are text, and compiles each of thirty
anew: a fifth of what a run computed in front of its first step.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module


def read_argument_types_once() -> None:
    """Have pyinfra remember them; it does no harm to do it again."""
    module = import_module("pyinfra.api.arguments")
    if not hasattr(module.all_global_arguments, "cache_info"):
        module.all_global_arguments = cache(module.all_global_arguments)  # type: ignore[attr-defined]
