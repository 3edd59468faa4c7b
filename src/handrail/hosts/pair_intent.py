"""From the words of a command about a certificate to what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handrail.errors import BadInput
from handrail.model.intent import Intent, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from handrail.hosts.inventory import Loaded
    from handrail.model.system import System
    from handrail.model.tls import Certificate


def certificate_intent(verb: Verb, data: Mapping[str, str], loaded: Loaded) -> Intent:
    """Read which certificate is meant; files are read and judged, so that an approval is for exactly that certificate.

    Raises BadInput for a name that the edge does not have, and for files that must not be served.
    """
    from handrail.hosts.pair import from_files  # noqa: PLC0415  # cryptography, which no other verb waits for

    certificate = certificate_of(loaded.environment.system, data.get("certificate", ""))
    if verb is Verb.RENEW:
        if certificate.source != "acme":
            raise BadInput(
                f"the certificate {certificate.name} is not `from: acme`; nothing was touched",
                next_step=f"fab certificate.deploy {certificate.name} --cert FILE --key FILE",
            )
        return Intent(verb, certificate=certificate.name)
    files = (data.get("cert", ""), data.get("key", ""), data.get("chain", ""))
    pair = from_files(certificate, files, loaded.environment.system, loaded.base)
    return Intent(verb, certificate=certificate.name, fingerprint=pair.chain.fingerprint, files=files)


def certificate_of(system: System, name: str) -> Certificate:
    """Find a certificate of the edge by its name."""
    known = system.edge.tls.certificates if system.edge.tls else {}
    if name not in known:
        raise BadInput(
            f"the certificate {name or 'none'!r}; edge.tls of {system.name} has: {', '.join(known) or 'none'}",
            next_step="fab certificate.status",
        )
    return known[name]
