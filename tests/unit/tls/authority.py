"""An authority on paper: a root, an intermediate, and certificates that are as wrong as a test wants them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key and its chain."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def cert_pem(self) -> str:
        return pem(self.certificate)

    @property
    def chain_pem(self) -> str:
        return "".join(map(pem, self.chain))

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    def files(self) -> dict[str, str]:
        return {"fullchain.pem": self.cert_pem + self.chain_pem, "key.pem": self.key_pem}


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def sign(name: str, key: Any, by: Issued | None, *, ca: bool, names: tuple[str, ...] = (), life=(-DAY, 90 * DAY)):
    """Issue one certificate; its life is told from now."""
    issuer, issuer_key = (by.certificate, by.key) if by else (None, key)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject(name))
        .issuer_name(issuer.subject if issuer else subject(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + life[0])
        .not_valid_after(NOW + life[1])
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=ca, crl_sign=ca, content_commitment=False, key_agreement=False,
                key_encipherment=False, data_encipherment=False, encipher_only=False, decipher_only=False,
            ),
            critical=True,
        )
    )  # fmt: skip
    if not ca:
        built = built.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(each) for each in names]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return built.sign(issuer_key, hashes.SHA256())


@cache
def root() -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    return Issued(sign("test root", key, None, ca=True, life=(-DAY, 3650 * DAY)), key)


@cache
def intermediate() -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    return Issued(sign("test intermediate", key, root(), ca=True, life=(-DAY, 1000 * DAY)), key)


def issue(*names: str, life=(-DAY, 89 * DAY)) -> Issued:
    """Issue one for these names by the intermediate."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = sign(names[0], key, intermediate(), ca=False, names=names, life=life)
    return Issued(made, key, (intermediate().certificate,))
