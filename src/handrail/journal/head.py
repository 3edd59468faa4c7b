"""Heads: the number and hash of the newest record, signed with this machine's journal key, as one line."""

from __future__ import annotations

import base64
import hmac
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from handrail.errors import Refused
from handrail.journal.record import written
from handrail.model.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "HANDRAIL_JOURNAL_KEY"
DEFAULT = ".handrail/journal.key"
# What is signed begins with this, so that a signature fits nothing else.
SAYS = b"handrail journal\n"
SEALS = b"handrail spool\n"
KEYS = ("store", "seq", "hash", "at", "signer", "signature")


@dataclass(frozen=True)
class Signer:
    """The journal key of this machine."""

    key: Ed25519PrivateKey
    public: str

    @property
    def seal(self) -> bytes:
        """The key for what only this machine is to read back: the spool."""
        return hmac.digest(self.key.private_bytes_raw(), SEALS, "sha256")

    def sign(self, *, store: str, seq: int, hash_: str) -> dict[str, Any]:
        """Give the signed head of a journal."""
        return self.signed({"store": store, "seq": seq, "hash": hash_, "at": written(datetime.now(UTC))})

    def signed(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Add who signs, and the signature over all of it."""
        whole = {**value, "signer": self.public}
        signature = self.key.sign(SAYS + canonical(whole).encode())
        return {**whole, "signature": base64.b64encode(signature).decode()}


def signer(path: str = "") -> Signer:
    """Read the journal key, or make one on first use; its public half stands beside it."""
    place = Path(path or os.environ.get(VARIABLE) or DEFAULT)
    try:
        if place.is_dir():
            inside = f"export {VARIABLE}={place / 'journal.key'}"
            raise Refused(f"the journal key {place} is a folder", next_step=inside)
        if not place.exists():
            _make(place)
        if place.stat().st_mode & 0o077:
            raise Refused(f"others can read the journal key {place}", next_step=f"chmod 600 {place}")
        key = serialization.load_ssh_private_key(place.read_bytes(), password=None)
    except OSError as error:
        raise Refused(f"the journal key {place}: {error.strerror}", next_step=f"ls -l {place}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Refused(f"{place} is no Ed25519 key, or has a passphrase", next_step=f"mv {place} {place}.old") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{place} is no Ed25519 key", next_step=f"mv {place} {place}.old")
    made = Signer(key, _public(key))
    if not (beside := place.with_name(f"{place.name}.pub")).exists():
        _written(beside, made.public.encode() + b"\n", mode=0o644)
    return made


def line(head: Mapping[str, Any]) -> str:
    """Write a head as one line."""
    return canonical(dict(head))


def read(text: str) -> dict[str, Any]:
    """Read a head. Raises ValueError for what is none, or is not signed by whom it names."""
    try:
        head = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("not a head") from None
    if not isinstance(head, dict) or set(head) != set(KEYS) or type(head["seq"]) is not int:
        raise ValueError("not a head")
    if not verified(head):
        raise ValueError(f"the head of record {head['seq']} has a signature that does not fit")
    return head


def verified(value: Mapping[str, Any]) -> bool:
    """Whether what was signed is as it was."""
    try:
        key = serialization.load_ssh_public_key(str(value["signer"]).encode())
        whole = {name: each for name, each in value.items() if name != "signature"}
        if not isinstance(key, Ed25519PublicKey):
            return False
        key.verify(base64.b64decode(value["signature"], validate=True), SAYS + canonical(whole).encode())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, KeyError, TypeError):
        return False
    return True


def _public(key: Ed25519PrivateKey) -> str:
    form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    return key.public_key().public_bytes(*form).decode()


def _make(place: Path) -> None:
    private = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _written(place, private, mode=0o600)


def _written(place: Path, content: bytes, *, mode: int) -> None:
    """Write a file whole, unless somebody was faster: then theirs counts."""
    descriptor, partial = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            os.fchmod(target.fileno(), mode)
            target.flush()
            os.fsync(target.fileno())
        os.link(partial, place)
    except FileExistsError:
        pass
    finally:
        Path(partial).unlink()
