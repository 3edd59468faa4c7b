"""Signatures that this process has found good: a run asks its gate more than once, and the same bytes stay as good.

Only what was verified both ways is kept, and only the key that signed: who may sign, and when, is asked each time.
"""

from __future__ import annotations

import hashlib

from handrail.model.ssh_key import packed

# A change has ten documents; a worker that runs for months starts anew.
MOST = 1000
_keys: dict[bytes, str] = {}


def key_of(payload: bytes, signature: str) -> str | None:
    """Give the key that signed exactly this text with exactly this signature, where that was verified before."""
    return _keys.get(_name(payload, signature))


def keep(payload: bytes, signature: str, key: str) -> None:
    """Keep a signature that is good."""
    if len(_keys) >= MOST:
        _keys.clear()
    _keys[_name(payload, signature)] = key


def _name(payload: bytes, signature: str) -> bytes:
    return hashlib.sha256(packed(payload) + signature.encode()).digest()
