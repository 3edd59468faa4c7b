"""Ask an authority by OCSP whether a certificate is revoked; only where the certificate says whom to ask."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ExtendedKeyUsage, ExtensionNotFound, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from handrail.model.chain import issued

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cryptography.x509 import Certificate

    from handrail.model.chain import Chain

# Whoever answers later has not answered: what is served is told without it.
SECONDS = 3
SILENCE = "no answer"


def statuses(chains: Iterable[Chain]) -> Mapping[str, str]:
    """Ask for each certificate that has a responder, all at once; by fingerprint: good, revoked, unknown, no answer."""
    wanted = {each.fingerprint: each for each in chains if each.responder and len(each.certificates) > 1}
    with ThreadPoolExecutor(max_workers=min(16, len(wanted) or 1)) as pool:
        return dict(zip(wanted, pool.map(status, wanted.values()), strict=True))


def status(chain: Chain) -> str:
    """Ask for one; an answer that the authority did not sign is none."""
    issuer = chain.certificates[1]
    asked = ocsp.OCSPRequestBuilder().add_certificate(chain.leaf, issuer, hashes.SHA1()).build()  # noqa: S303  # RFC 6960's name of an issuer
    headers = {"Content-Type": "application/ocsp-request"}
    try:
        body = asked.public_bytes(serialization.Encoding.DER)
        reply = httpx.post(chain.responder, content=body, headers=headers, timeout=SECONDS)
        answer = ocsp.load_der_ocsp_response(reply.content)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return SILENCE
        if answer.serial_number != chain.leaf.serial_number or not _signed(answer, issuer):
            return SILENCE
        return answer.certificate_status.name.lower()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return SILENCE


def _signed(answer: ocsp.OCSPResponse, issuer: Certificate) -> bool:
    """Whether the issuer signed it, or somebody to whom it gave that task."""
    signers = [issuer, *(each for each in answer.certificates if issued(each, issuer) and _may_sign(each))]
    return any(_by(answer, signer) for signer in signers)


def _may_sign(certificate: Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(ExtendedKeyUsage).value
    except (ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _by(answer: ocsp.OCSPResponse, signer: Certificate) -> bool:
    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    if algorithm is None:
        return False
    try:
        match key:
            case rsa.RSAPublicKey():
                key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            case ec.EllipticCurvePublicKey():
                key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
            case _:
                return False
    except InvalidSignature:
        return False
    return True
