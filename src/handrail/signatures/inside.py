"""Verify a signature in this process, with the library `cryptography`: nobody can put a program in its place.

PROTOCOL.sshsig of OpenSSH says what is signed, RFC 8332, RFC 5656 and RFC 8709 how a signature is written.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from handrail.model.ssh_key import Unfit, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.hashes import HashAlgorithm

# A key in hardware signs more than the text, and with a counter: those are left to OpenSSH.
HARDWARE = "sk-"
# sshsig takes no RSA with SHA-1.
RSA = {b"rsa-sha2-256": "SHA256", b"rsa-sha2-512": "SHA512"}
# RFC 5656, 6.2.1: the curve decides about the hash.
CURVES = {
    b"nistp256": ("SECP256R1", "SHA256"), b"nistp384": ("SECP384R1", "SHA384"), b"nistp521": ("SECP521R1", "SHA512"),
}  # fmt: skip


def can_tell(key: str) -> bool:
    """Whether a key is of a kind that is verified here."""
    return not key.startswith(HARDWARE)


def made_by(key: str, signature: bytes, text: bytes) -> bool:
    """Whether this key, as `ssh-ed25519 AAAA…`, has made this signature over exactly this text."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415  # 0.05 s

    public, made = Wire(base64.b64decode(key.split(" ")[1])), Wire(signature)
    try:
        kind, made_kind, value = public.string(), made.string(), made.string()
        if made.left:
            return False
        VERIFY[kind](public, made_kind, value, text)
    except (InvalidSignature, UnsupportedAlgorithm, Unfit, ValueError, KeyError):
        return False
    return True


def _ed25519(public: Wire, kind: bytes, value: bytes, text: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415  # likewise

    _same(kind, b"ssh-ed25519")
    Ed25519PublicKey.from_public_bytes(public.string()).verify(value, text)


def _rsa(public: Wire, kind: bytes, value: bytes, text: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415  # likewise

    exponent, modulus = (int.from_bytes(public.string()) for _ in range(2))
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    # OpenSSH takes one whose leading zeros were left out.
    key.verify(value.rjust((key.key_size + 7) // 8, b"\0"), text, padding.PKCS1v15(), _hash(RSA[kind]))


def _ecdsa(public: Wire, kind: bytes, value: bytes, text: bytes) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, utils  # noqa: PLC0415  # likewise

    curve, point, numbers = public.string(), public.string(), Wire(value)
    _same(kind, b"ecdsa-sha2-" + curve)
    name, digest = CURVES[curve]
    r, s = (int.from_bytes(numbers.string()) for _ in range(2))
    _same(numbers.left, b"")
    key = ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, name)(), point)
    key.verify(utils.encode_dss_signature(r, s), text, ec.ECDSA(_hash(digest)))


def _hash(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415  # likewise

    made: HashAlgorithm = getattr(hashes, name)()
    return made


def _same(found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise Unfit("the signature is of another kind than its key")


VERIFY: dict[bytes, Callable[[Wire, bytes, bytes, bytes], None]] = {
    b"ssh-ed25519": _ed25519,
    b"ssh-rsa": _rsa,
    **{b"ecdsa-sha2-" + curve: _ecdsa for curve in CURVES},
}
