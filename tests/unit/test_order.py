"""Operations stand in the order that pyinfra itself would give them."""

from __future__ import annotations

import sys
from importlib import import_module
from types import SimpleNamespace

import pyinfra
import pytest
from pyinfra.api.util import get_operation_order_from_stack as pyinfra_s_own

from handrail.orchestration.order import lines, order_by_lines


def deep(state, steps):
    if steps:
        return deep(state, steps - 1)
    return [each(state) for each in (pyinfra_s_own, lines)]


@pytest.mark.parametrize("file", [__file__, sys.modules["_pytest.python"].__file__, "/not/there.py", None])
@pytest.mark.parametrize("cli", [True, False])
def test_lines_are_those_that_pyinfra_finds(monkeypatch, file, cli):
    monkeypatch.setattr(pyinfra, "is_cli", cli)
    theirs, ours = deep(SimpleNamespace(current_deploy_filename=file, current_op_file_number=3), 4)
    assert ours == theirs
    assert len(ours) > (5 if file == __file__ else 0) or file == "/not/there.py"
    assert (ours[:1] == [3]) is cli


def test_pyinfra_asks_for_the_order_where_it_is_replaced(monkeypatch):
    module = import_module("pyinfra.api.operation")
    monkeypatch.setattr(module, "get_operation_order_from_stack", pyinfra_s_own)
    order_by_lines()
    assert module.solve_operation_consistency.__globals__["get_operation_order_from_stack"] is lines
