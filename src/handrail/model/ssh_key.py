"""Public keys of SSH: which kinds may sign, and one way to write each."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

# RFC 8332 and PROTOCOL.u2f of OpenSSH. ssh-dss and certificates may not sign; ssh-keygen itself would take ssh-dss.
KINDS = {
    "ssh-ed25519": 1,
    "sk-ssh-ed25519@openssh.com": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
    "ssh-rsa": 2,
}
# NIST SP 800-131A: shorter RSA keys are not to sign any more; ssh-keygen itself would take 1024.
RSA_BITS = 2048
ALLOWED = f"an SSH public key: {', '.join(KINDS)} (RSA: {RSA_BITS} bits or more)"


class Unfit(ValueError):
    """What stands there is no key that may sign; the text says what it is."""


@dataclass
class Wire:
    """Bytes as SSH writes them: each piece after its length."""

    left: bytes

    def take(self, count: int) -> bytes:
        """Take the next bytes."""
        if count > len(self.left):
            raise Unfit("it is cut off")
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def string(self) -> bytes:
        """Take the next piece."""
        return self.take(int.from_bytes(self.take(4)))


def packed(piece: bytes) -> bytes:
    """Write a piece after its length."""
    return len(piece).to_bytes(4) + piece


def public_key(line: str) -> str:
    """Read a line of a .pub file and give the key without its comment, always written the same way.

    Raises Unfit for what is no key, and for keys that are too weak to sign.
    """
    words = line.split(" ")
    if len(words) < 2 or not line.isprintable():
        raise Unfit("no public key")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raise Unfit("a public key that is cut off or altered") from None
    written = of_blob(blob)
    if written.split(" ")[0] != words[0]:
        raise Unfit(f"a key of another kind than {words[0][:40]!r}")
    return written


def of_blob(blob: bytes) -> str:
    """Write a key that comes as bytes; raises Unfit like `public_key`."""
    wire = Wire(blob)
    kind = wire.string().decode("ascii", "replace")
    if kind not in KINDS:
        shown = kind[:40] if kind.isprintable() else "of an unknown kind"
        raise Unfit(f"a key that may not sign: {shown}")
    pieces = [wire.string() for _ in range(KINDS[kind])]
    if wire.left:
        raise Unfit("a public key with something behind it")
    if kind == "ssh-rsa":
        _check_rsa(pieces)
    elif kind.endswith("ed25519@openssh.com") or kind == "ssh-ed25519":
        _check_length(pieces[0], 32)
    return f"{kind} {base64.b64encode(blob).decode()}"


def _check_rsa(pieces: list[bytes]) -> None:
    numbers = [int.from_bytes(piece) for piece in pieces]
    for piece, number in zip(pieces, numbers, strict=True):
        # RFC 4251 has one way to write a number; with two, one key could stand in a file as two people's.
        if piece != number.to_bytes(number.bit_length() // 8 + 1):
            raise Unfit("an RSA key with a number that is not written in its shortest form")
    bits = numbers[1].bit_length()
    if bits < RSA_BITS:
        raise Unfit(f"an RSA key of {bits} bits, which is too weak to sign")


def _check_length(piece: bytes, length: int) -> None:
    if len(piece) != length:
        raise Unfit("a public key of the wrong length")
