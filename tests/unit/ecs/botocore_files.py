"""What AWS can be asked, read once in a process: boto3 reads it anew for each session, of which tests make hundreds."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader

_own = JSONFileLoader.load_file


@cache
def _read(path: str) -> Any:
    return _own(JSONFileLoader(), path)


def read_once() -> None:
    """Have boto3 remember its files; it does no harm to do it again."""
    JSONFileLoader.load_file = lambda _loader, path: _read(path)
