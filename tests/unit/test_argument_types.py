"""pyinfra reads the types of its arguments once, and they are what it would read."""

from __future__ import annotations

from importlib import import_module
from typing import get_type_hints

from handrail.orchestration.argument_types import read_argument_types_once


def test_types_are_read_once_where_pyinfra_asks_for_them(monkeypatch):
    module = import_module("pyinfra.api.arguments")
    read = []
    own = getattr(module.all_global_arguments, "__wrapped__", module.all_global_arguments)
    monkeypatch.setattr(module, "all_global_arguments", own)
    monkeypatch.setattr(module, "get_type_hints", lambda described: read.append(1) or get_type_hints(described))
    for _ in range(2):
        read_argument_types_once()
        asked = module.pop_global_arguments.__globals__["all_global_arguments"]
        assert [asked(), asked()] == [list(get_type_hints(module.AllArguments).items())] * 2
    assert read == [1]
