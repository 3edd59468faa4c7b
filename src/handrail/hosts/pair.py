"""A certificate with its key on the operator's machine: from files, or a new key that is to be certified."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from handrail.errors import BadInput
from handrail.hosts.roots import known_roots
from handrail.model.chain import Chain, read_chain
from handrail.model.pair import Order, problems
from handrail.model.tls import is_address
from handrail.secrets import Secret

if TYPE_CHECKING:
    from handrail.model.system import System
    from handrail.model.tls import Certificate

RSA_BITS = 2048


@dataclass(frozen=True)
class Pair:
    """A certificate with its chain and its key; without a chain it is still to be issued."""

    certificate: Certificate
    key: Secret
    fullchain: str = ""
    request: str = ""

    @property
    def chain(self) -> Chain:
        """The certificate and what leads to its root."""
        chain = read_chain(self.fullchain)
        if chain is None:
            raise BadInput(f"the certificate {self.certificate.name} was not issued; nothing was swapped")
        return chain

    def issued(self, fullchain: str, system: System, base: Path) -> Pair:
        """Add what was issued for its key, after the same look as at files."""
        made = replace(self, fullchain=fullchain)
        check(made, system, base, what="what was issued")
        return made


def from_files(certificate: Certificate, files: tuple[str, str, str], system: System, base: Path) -> Pair:
    """Read a certificate, its key and perhaps its chain.

    Raises BadInput that names everything that is wrong with them.
    """
    cert, key, chain = files
    if not cert or not key:
        raise BadInput(
            f"which files for the certificate {certificate.name}?",
            next_step=f"fab certificate.deploy {certificate.name} --cert FILE --key FILE",
        )
    texts = [_read(path) if path else "" for path in (cert, key, chain)]
    made = Pair(certificate, Secret(texts[1]), "\n".join(text.strip() for text in (texts[0], texts[2]) if text) + "\n")
    check(made, system, base, what=f"{cert} with {key}")
    return made


def with_new_key(certificate: Certificate, kind: str) -> Pair:
    """Make a key, and the request to certify it; the key stays here until the certificate is there."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ecdsa"
        else rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    )
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in certificate.names if not is_address(name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    signed = request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    return Pair(certificate, Secret(pem), request=signed)


def check(pair: Pair, system: System, base: Path, *, what: str) -> None:
    """Refuse a pair that must not be served."""
    order = Order(pair.certificate.names, known_roots(system, base), datetime.now(UTC))
    found = list(problems(pair.fullchain, pair.key.reveal(), order))
    if found:
        raise BadInput(
            f"{what} cannot be served as {pair.certificate.name}: {'; '.join(found)}; nothing was touched",
            next_step="docs/how-to/certificates.md says what each of these means",
        )


def _read(path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {type(error).__name__}; nothing was touched") from None
