"""A chain of certificates, as a file says or a server shows it, and what is wrong with it. No I/O, no clock."""

from __future__ import annotations

import ipaddress
import warnings
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from handrail.model.tls import asked_name, covers, is_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, timedelta

# What placeholder.sh writes into the certificates that it makes.
PLACEHOLDER = "handrail placeholder"


@dataclass(frozen=True)
class Chain:
    """The certificate of a server first, then those that lead to a root."""

    certificates: tuple[x509.Certificate, ...]

    @property
    def leaf(self) -> x509.Certificate:
        """The server's own."""
        return self.certificates[0]

    @property
    def life(self) -> timedelta:
        """From its begin to its end."""
        return self.leaf.not_valid_after_utc - self.leaf.not_valid_before_utc

    def left(self, now: datetime) -> timedelta:
        """How long it is still good for."""
        return self.leaf.not_valid_after_utc - now

    @property
    def serial(self) -> str:
        """Its serial number, as openssl writes it."""
        number = f"{self.leaf.serial_number:X}"
        return number.zfill(len(number) + len(number) % 2)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of it."""
        return self.leaf.fingerprint(hashes.SHA256()).hex()

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it is good for."""
        try:
            found = self.leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, ValueError):
            return ()
        addresses = map(str, found.get_values_for_type(x509.IPAddress))
        return (*found.get_values_for_type(x509.DNSName), *addresses)

    @property
    def issuer(self) -> str:
        """Who issued it, in one word or two."""
        return _name(self.leaf.issuer)

    @property
    def key(self) -> str:
        """Kind and size of its key."""
        key = self.leaf.public_key()
        match key:
            case rsa.RSAPublicKey():
                return f"RSA {key.key_size}"
            case ec.EllipticCurvePublicKey():
                return f"ECDSA {key.curve.name}"
        return type(key).__name__.removesuffix("PublicKey")

    @property
    def responder(self) -> str:
        """Where its status can be asked for by OCSP; empty where it says nothing."""
        try:
            access = self.leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        except (x509.ExtensionNotFound, ValueError):
            return ""
        places = (each for each in access if each.access_method == AuthorityInformationAccessOID.OCSP)
        return next((each.access_location.value for each in places), "")

    @property
    def is_placeholder(self) -> bool:
        """Whether handrail made it, for want of a real one."""
        found = self.leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return any(each.value == PLACEHOLDER for each in found)

    def fits(self, name: str) -> bool:
        """Whether it is good for a server name."""
        return any(covers(each, name) for each in self.names)

    def json(self, now: datetime) -> dict[str, Any]:
        """Give it for machines."""
        return {
            "names": list(self.names), "issuer": self.issuer, "serial": self.serial, "fingerprint": self.fingerprint,
            "key": self.key, "not_before": self.leaf.not_valid_before_utc.isoformat(),
            "not_after": self.leaf.not_valid_after_utc.isoformat(),
            "days_left": round(self.left(now).total_seconds() / 86400, 2), "chain": len(self.certificates),
        }  # fmt: skip


def read_chain(pem: str) -> Chain | None:
    """Read certificates in PEM; None where there is none, or one that nobody can read."""
    with suppress(ValueError):
        return Chain(tuple(x509.load_pem_x509_certificates(pem.encode())))
    return None


def trouble(chain: Chain, roots: Sequence[x509.Certificate], name: str, now: datetime) -> str:
    """Say what keeps a chain from leading to a known root; empty when nothing does."""
    return _order(chain, now) or _end(chain, roots) or _unverified(chain, roots, name, now)


def _order(chain: Chain, now: datetime) -> str:
    """Find a certificate that is not issued by the one that follows it, and one that ran out."""
    for number, (one, by) in enumerate(pairwise(chain.certificates), 1):
        if not issued(one, by):
            others = any(issued(one, each) for each in chain.certificates if each is not one)
            why = f"{_name(one.issuer)} is {'sent in another place' if others else 'not sent'}"
            return f"broken chain: number {number} is not issued by the next, {_name(by.subject)}; {why}"
        if by.not_valid_after_utc < now:
            return f"broken chain: {_name(by.subject)}, which issued it, ran out on {by.not_valid_after_utc:%Y-%m-%d}"
    return ""


def _end(chain: Chain, roots: Sequence[x509.Certificate]) -> str:
    """Find a chain that ends before a known root, or at an unknown one."""
    last = chain.certificates[-1]
    if last in roots or any(issued(last, root) for root in roots):
        return ""
    if last.subject != last.issuer:
        which = "it" if last is chain.leaf else _name(last.subject)
        return f"incomplete chain: {_name(last.issuer)}, which issued {which}, is neither sent nor known here"
    if last is chain.leaf:
        return "signed by itself, and no known root"
    return f"leads to {_name(last.subject)}, which is not known here"


def _unverified(chain: Chain, roots: Sequence[x509.Certificate], name: str, now: datetime) -> str:
    """Have the library look at everything else: constraints, usages, algorithms."""
    asked = asked_name(name)
    subject = x509.IPAddress(ipaddress.ip_address(asked)) if is_address(asked) else x509.DNSName(asked)
    mine = [root for root in roots if root.subject in {each.issuer for each in chain.certificates}]
    policy = PolicyBuilder().store(Store([*mine])).time(now)
    try:
        policy.build_server_verifier(subject).verify(chain.leaf, list(chain.certificates[1:]))
    except VerificationError as error:
        return f"the chain does not hold: {str(error).partition(' (encountered')[0]}"
    return ""


def issued(one: x509.Certificate, by: x509.Certificate) -> bool:
    """Whether a certificate was issued by another."""
    try:
        one.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def bundle(pems: Iterable[str]) -> tuple[x509.Certificate, ...]:
    """Read files of CA certificates."""
    with warnings.catch_warnings():
        # One of Mozilla's roots has a serial number that RFC 5280 does not allow.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return tuple(each for pem in pems for each in x509.load_pem_x509_certificates(pem.encode()))


def _name(name: x509.Name) -> str:
    for wanted in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        found = name.get_attributes_for_oid(wanted)
        if found:
            return str(found[0].value)
    return name.rfc4514_string() or "somebody without a name"
