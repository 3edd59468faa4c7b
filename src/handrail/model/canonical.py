"""One way to write a value as JSON, so that its digest and its signature are the same wherever they are made."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """Write a value as JSON with sorted keys and no spaces; text stays as it is, in UTF-8.

    Raises ValueError for numbers that JSON does not have.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """Give the SHA-256 of a value's canonical JSON, as `sha256:…`."""
    return f"sha256:{hashlib.sha256(canonical(value).encode()).hexdigest()}"
